"""What a model says against what is true, a point a sequence; on the line they are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from rnnzoo.figures._style import COLOURS, INK, name_axes, new_figure

Panels = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""Name of a number -> the true values and the predicted ones."""

COLUMNS = 3


def predicted_against_true(panels: Panels, *, title: str = "") -> Figure:
    """A panel for each number that is predicted, both axes with the same range, and the line of right answers.

    Raises:
        ValueError: there is no number, or one without a point.
    """
    if not panels or not all(true for true, _ in panels.values()):
        raise ValueError("there is no point to draw; expected at least one number with a true and a predicted value.")
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = new_figure(4.2 * columns, 4.2 * rows, columns, rows)
    for axis, (name, (true, predicted)) in zip(axes, panels.items(), strict=False):
        low, high = min(*true, *predicted), max(*true, *predicted)
        margin = 0.05 * (high - low) or 0.5
        ends = (low - margin, high + margin)
        axis.plot(ends, ends, color=INK, linestyle=":", linewidth=1.0)
        axis.scatter(true, predicted, s=14, color=COLOURS[0], alpha=0.6, linewidths=0)
        axis.set_xlim(ends)
        axis.set_ylim(ends)
        axis.set_aspect("equal")
        name_axes(axis, "true", "predicted", name)
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    if title:
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure
