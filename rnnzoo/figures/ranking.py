"""Many layers ranked by one number, the best on top, coloured by their kind of recurrence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnzoo.figures._style import COLOURS, INK, MARKERS, name_axes, new_figure

ROW = 0.165  # inches a layer
KINDS = ("gated", "scan", "elementwise", "matrix", "other")  # each has its colour and shape in every picture
SOFT = "#6B6B6B"
DASHES = ((0, (4, 2)), (0, (1, 2)), (0, (6, 2, 1, 2)))
MANY = 25  # from here on the scale stands above the rows, too


class Ranked(NamedTuple):
    """A layer and what it reached."""

    label: str
    kind: str  # of recurrence
    value: float
    spread: float | None = None  # standard deviation over seeds


def ranking(
    layers: Sequence[Ranked],
    *,
    metric: str,
    baselines: Mapping[str, float] | None = None,
    higher_is_better: bool = True,
    title: str = "",
) -> Figure:
    """One row a layer, the best on top: its name and place, a dot of its kind's colour and shape, and the number.

    Equals share a place and stand in the order of their names. Each of ``baselines`` (no recurrence, chance) is a line
    through all rows. Numbers that all lie between 0 and 1 get that whole range as their scale.

    Raises:
        ValueError: there is nothing to draw.
    """
    if not layers:
        raise ValueError("there is no layer to rank; expected at least one.")
    layers = sorted(layers, key=lambda layer: (-layer.value if higher_is_better else layer.value, layer.label))
    lines = {} if baselines is None else dict(baselines)
    figure, (axis,) = new_figure(width=7.0, height=1.2 + ROW * (len(layers) + len(lines)))
    values = [layer.value for layer in layers]
    shares = all(0 <= value <= 1 for value in values)
    for row, layer in enumerate(layers):
        _dot(axis, layer, -row, stem=shares)
    for number, (label, value) in enumerate(lines.items()):
        axis.axvline(value, color=SOFT, linewidth=1.0, linestyle=DASHES[number % len(DASHES)], label=label, zorder=1)
        _words(axis, f"{label} {value:.2f}", value, len(lines) - number, SOFT)
    axis.set_yticks(
        [-row for row in range(len(layers))], [f"{layer.label}  {1 + values.index(layer.value)}" for layer in layers]
    )
    axis.set_ylim(0.3 - len(layers), len(lines) + 0.7)
    axis.tick_params(axis="y", length=0, labelsize=7.5)
    axis.tick_params(axis="x", top=len(layers) >= MANY, labeltop=len(layers) >= MANY)
    if shares:
        axis.set_xlim(0, 1.1)
        axis.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    else:
        axis.margins(x=0.12)
    axis.grid(False, axis="y")
    axis.spines["left"].set_visible(False)
    name_axes(axis, metric, "")
    shown = sorted({layer.kind for layer in layers}, key=lambda kind: (_place(kind), kind))
    axis.legend(
        handles=[Line2D([], [], linewidth=0, markersize=5, label=kind, **look_of(kind)) for kind in shown],
        loc="lower right", fontsize=8, framealpha=1.0, edgecolor="none", borderaxespad=0.2,
    )  # fmt: skip
    if title:
        figure.suptitle(title, fontsize=10.5, x=0.01, ha="left", color=INK)
    return figure


def _dot(axis: Axes, layer: Ranked, row: int, *, stem: bool) -> None:
    look = look_of(layer.kind)
    if stem:
        axis.plot([0, layer.value], [row, row], color=look["color"], linewidth=1.1, alpha=0.3, solid_capstyle="butt")
    axis.errorbar(
        layer.value, row, xerr=layer.spread, fmt=look["marker"], color=look["color"], markersize=4.5, linewidth=1.0,
        label=layer.label, clip_on=False,
    )  # fmt: skip
    _words(axis, f"{layer.value:.2f}", layer.value + (layer.spread or 0.0), row, INK)


def _words(axis: Axes, words: str, x: float, row: int, colour: str) -> None:
    """Words right of a point, on a ground of their own, as lines may run behind them."""
    axis.annotate(
        words, (x, row), (5, 0), textcoords="offset points", va="center", fontsize=7, color=colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def _place(kind: str) -> int:
    """The number of a kind's colour; a kind that is not known here looks like ``other``."""
    return KINDS.index(kind) if kind in KINDS else len(KINDS) - 1


def look_of(kind: str) -> dict[str, Any]:
    """The colour and shape of a kind's dots."""
    return {"color": COLOURS[_place(kind)], "marker": MARKERS[_place(kind)]}
