"""Accuracy against the length of the sequences: how far back each layer remembers."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from rnnzoo.figures._style import Curve, draw, name_axes, new_figure


def accuracy_against_length(
    curves: Sequence[Curve],
    references: Sequence[Curve] = (),
    *,
    chance: float | None = None,
    title: str = "",
    x: str = "length of the sequence (steps)",
    logarithmic: bool = False,
) -> Figure:
    """One line a layer (mean over seeds, band of one standard deviation); reference values dashed in the same colour.

    Args:
        curves: accuracy (0 to 1) against length (steps), one curve a layer.
        references: values to hold them against; each takes the colour of the curve whose label it bears.
        chance: the accuracy of guessing, drawn as a dotted line.
        x, logarithmic: what the lengths are lengths of, in words, and whether their axis is logarithmic.

    Raises:
        ValueError: there is no curve.
    """
    if not curves:
        raise ValueError("there is no curve to draw; expected at least one layer's accuracy.")
    figure, (axis,) = new_figure(width=8.0)
    labels = [curve.label for curve in curves]
    for index, curve in enumerate(curves):
        draw(axis, curve, index)
    for extra, reference in enumerate(references):
        index = labels.index(reference.label) if reference.label in labels else len(labels) + extra
        draw(axis, reference._replace(label=f"{reference.label}, reference"), index, dashed=True)
    if chance is not None:
        axis.axhline(chance, color="#777777", linestyle=":", linewidth=1.2, label="chance")
    lengths = sorted({length for curve in curves for length in curve.x})
    if logarithmic:
        axis.set_xscale("log")
        axis.minorticks_off()
    axis.set_xticks(lengths, labels=[f"{length:g}" for length in lengths])
    axis.set_ylim(0.0, 1.02)
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    name_axes(axis, x, "test accuracy (mean ± sd over seeds)", title)
    figure.legend(frameon=False, fontsize=9, loc="outside right upper")
    return figure
