"""Which steps of a source counted for each token of a target: attention as a map."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from rnnzoo.figures._style import INK, name_axes, new_figure

LONGEST = 18
"""Characters of a step's name; more are cut off."""

NAMED = 80
"""Steps up to which each is named; of more only every n-th."""

CELL = 0.27  # inches


def alignment(
    source: Sequence[str], target: Sequence[str], weights: Sequence[Sequence[float]], *, title: str = ""
) -> Figure:
    """Rows are the target's tokens, columns the source's steps; the darkest of a row counts most for it.

    Args:
        source: the names of T steps.
        target: M tokens; an empty one is the end.
        weights: (M, T), each row adding up to 1.
        title: above the map.

    Raises:
        ValueError: there is no step, or ``weights`` is not (M, T).
    """
    table = np.asarray(weights, dtype=float)
    M, T = len(target), len(source)
    if table.shape != (M, T) or not M or not T:
        raise ValueError(f"weights have shape {table.shape} for {M} tokens and {T} steps; expected ({M}, {T}).")
    columns, rows = [_name(step) for step in source], [_name(token) or "(end)" for token in target]
    wide = max(map(_width, columns)) > 2
    margins = 0.1 * max(map(_width, rows)) + 1.2, (0.08 * max(map(_width, columns)) if wide else 0.2) + 1.0
    width, height = (min(max(CELL * n, 2.2), 11.0) for n in (T, M))
    figure, (axis,) = new_figure(width + margins[0], height + margins[1])
    image = axis.imshow(table, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto", interpolation="nearest")
    axis.grid(False)
    for places, names, name in ((T, columns, "x"), (M, rows, "y")):
        every = -(-places // NAMED)
        labels = axis.set_xticks if name == "x" else axis.set_yticks
        labels(range(0, places, every), names[::every], fontsize=9, color=INK, parse_math=False)
    if wide:
        axis.tick_params(axis="x", labelrotation=90)
    axis.xaxis.tick_top()
    axis.xaxis.set_label_position("top")
    name_axes(axis, "source", "written")
    bar = figure.colorbar(image, ax=axis, fraction=0.04, pad=0.02)
    bar.set_label("weight", color=INK, fontsize=9)
    bar.ax.tick_params(labelsize=8, colors=INK)
    if title:
        figure.suptitle(title, fontsize=10, color=INK, x=0.01, ha="left", parse_math=False)
    return figure


def _name(step: str) -> str:
    shown = step.replace("\n", "⏎")
    shown = "␣" if shown == " " else shown
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def _width(word: str) -> int:
    """Columns that a word takes; those of East Asia are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in word)
