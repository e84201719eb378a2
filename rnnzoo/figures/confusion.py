"""Which label a model gives to sequences of which label: a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from rnnzoo.figures._style import INK, name_axes, new_figure

COUNTED = 20
"""Labels up to which the counts are written into the cells."""

NAMED = 60
"""Labels up to which each is named; of more only every n-th."""


def confusion(counts: Sequence[Sequence[int]], labels: Sequence[str], *, title: str = "") -> Figure:
    """Rows are the true labels, columns the answers; the colour is the share of its row.

    Args:
        counts: (V, V), how many sequences of the row's label got the column's.
        labels: their V names.
        title: above the matrix.

    Raises:
        ValueError: ``counts`` is not (V, V).
    """
    table = np.asarray(counts)
    V = len(labels)
    if table.shape != (V, V) or not V:
        raise ValueError(f"counts have shape {table.shape} and there are {V} labels; expected ({V}, {V}).")
    totals = table.sum(axis=1, keepdims=True)
    shares = np.divide(table, totals, out=np.zeros((V, V)), where=totals > 0)
    size = min(max(0.42 * V, 2.6), 9.0)
    figure, (axis,) = new_figure(size + 2.0, size + 1.2)
    image = axis.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="equal", interpolation="nearest")
    axis.grid(False)
    every = -(-V // NAMED)
    places = list(range(0, V, every))
    names = [labels[place] for place in places]
    upright = max(map(len, names)) > 3
    axis.set_xticks(places, names, rotation=90 if upright else 0, parse_math=False)
    axis.set_yticks(places, names, parse_math=False)
    if V <= COUNTED:
        for row, column in np.argwhere(table > 0):
            colour = "white" if shares[row, column] > 0.5 else INK
            text = f"{table[row, column]}"
            axis.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    name_axes(axis, "answer", "true label", title)
    bar = figure.colorbar(image, ax=axis, shrink=0.8)
    bar.set_label("share of the true label", color=INK, fontsize=9)
    bar.ax.tick_params(colors=INK, labelsize=8)
    return figure
