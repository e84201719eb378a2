"""A sound and what a CTC model hears in it: the features, and the probabilities of the labels over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from rnnzoo.figures._style import COLOURS, name_axes, new_figure

SHOWN = 0.1
"""The greatest probability of a label up to which it is left out."""

BLANK = "#999999"


def ctc_posteriors(
    features: Sequence[Sequence[float]],
    posteriors: Sequence[Sequence[float]],
    labels: Sequence[str],
    *,
    stride: int = 1,
    frame_seconds: float | None = None,
    title: str = "",
) -> Figure:
    """Probabilities against time above the features against time; labels stand where they are likeliest.

    Args:
        features: (T, I), such as log-mel bands.
        posteriors: (T', V), of each step's labels, the blank first.
        labels: their V names; that of the blank is not used.
        stride: frames from one step to the next.
        frame_seconds: the time from one frame to the next; ``None``: the axis counts frames.
        title: above the picture.

    Raises:
        ValueError: the tables do not fit together.
    """
    bands, table = np.asarray(features, dtype=float), np.asarray(posteriors, dtype=float)
    if bands.ndim != 2 or table.ndim != 2 or not bands.size or table.shape != (-(-len(bands) // stride), len(labels)):
        raise ValueError(
            f"features have shape {bands.shape} and posteriors {table.shape} for {len(labels)} labels and a stride of "
            f"{stride}; expected (T, I) and (ceil(T / {stride}), {len(labels)})."
        )
    unit = frame_seconds or 1.0
    steps = np.arange(len(table)) * stride * unit
    figure, (above, below) = new_figure(8.0, 4.6, rows=2)
    above.plot(steps, table[:, 0], color=BLANK, linewidth=1.0, linestyle=(0, (4, 2)), label="blank")
    for label in range(1, len(labels)):
        likely = table[:, label]
        if likely.max() <= SHOWN:
            continue
        colour = COLOURS[(label - 1) % len(COLOURS)]
        above.plot(steps, likely, color=colour, linewidth=1.6)
        for first, end in _runs(likely > SHOWN):
            peak = first + int(likely[first:end].argmax())
            above.annotate(
                labels[label].replace(" ", "␣"), (steps[peak], likely[peak]), (0, 3), textcoords="offset points",
                ha="center", fontsize=9, color=colour, parse_math=False,
            )  # fmt: skip
    above.set_ylim(0.0, 1.3)
    above.set_yticks([0.0, 0.5, 1.0])
    above.legend(fontsize=8, loc="upper right", frameon=False)
    name_axes(above, "", "probability", title)
    below.imshow(
        bands.T, origin="lower", aspect="auto", cmap="magma", interpolation="nearest",
        extent=(-0.5 * unit, (len(bands) - 0.5) * unit, -0.5, bands.shape[1] - 0.5),
    )  # fmt: skip
    below.grid(False)
    name_axes(below, "frame" if frame_seconds is None else "seconds", "band")
    above.set_xlim(below.get_xlim())
    above.tick_params(labelbottom=False)
    return figure


def _runs(inside: np.ndarray) -> list[tuple[int, int]]:
    """First and behind the last of each run of True in (T',)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
