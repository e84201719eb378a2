"""Ratios of many layers to a peer, at one or more sizes, the smallest on top: a log scale, with the line at 1."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rnnzoo.figures._style import COLOURS, INK, MARKERS, name_axes, new_figure

ROW = 0.175  # inches a layer
SOFT = "#6B6B6B"
DASHES = ((0, (1, 2)), (0, (4, 2)), (0, (6, 2, 1, 2)))


class LayerRatio(NamedTuple):
    """A layer's value over its peer's at one size, with quartiles."""

    layer: str
    size: str
    ratio: float
    low: float
    high: float


def ratio_ranking(
    ratios: Sequence[LayerRatio], *, baseline: str, aims: Mapping[str, float] | None = None, title: str = ""
) -> Figure:
    """One row a layer, ordered by the geometric mean of its ratios; each size has its colour and shape.

    Bars run from quartile to quartile; a line joins a layer's sizes. The ground right of 1, where the layer is slower
    than its peer, is grey. Each of ``aims`` is a line through all rows.

    Raises:
        ValueError: there is nothing to draw, or a ratio is not above 0.
    """
    if not ratios:
        raise ValueError("there is no ratio to draw; expected at least one layer.")
    if min(ratio.low for ratio in ratios) <= 0:
        raise ValueError("a ratio is 0 or less; expected ratios of times, which are above 0.")
    layers: dict[str, list[LayerRatio]] = {}
    for ratio in ratios:
        layers.setdefault(ratio.layer, []).append(ratio)
    order = sorted(layers, key=lambda layer: (_mean(layers[layer]), layer))
    sizes = list(dict.fromkeys(ratio.size for ratio in ratios))
    figure, (axis,) = new_figure(width=7.0, height=1.6 + ROW * (len(order) + 3))
    most = max(ratio.high for ratio in ratios)
    axis.axvspan(1.0, max(1.6, 1.4 * most), color="#F0F0F0", linewidth=0, zorder=0)
    axis.axvline(1.0, color=INK, linewidth=1.3, zorder=1)
    for number, (label, value) in enumerate((aims or {}).items()):
        axis.axvline(value, color=SOFT, linewidth=1.1, linestyle=DASHES[number % len(DASHES)], zorder=1)
        _words(axis, f"{label} {value:g}", value, len(aims or {}) - number)
    _words(axis, "as fast", 1.0, max(1, len(aims or {})))  # beside the first aim, the farthest from it
    for row, layer in enumerate(order):
        found = layers[layer]
        values = [ratio.ratio for ratio in found]
        axis.plot([min(values), max(values)], [-row, -row], color=SOFT, linewidth=0.8, zorder=2)
        for ratio in found:
            _dot(axis, ratio, -row, sizes.index(ratio.size))
    axis.set_xscale("log")
    axis.set_xlim(0.85 * min(ratio.low for ratio in ratios), max(1.6, 1.4 * most))
    axis.xaxis.set_major_locator(LogLocator(10, (1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_yticks([-row for row in range(len(order))], [f"{layer}  {_mean(layers[layer]):.2f}" for layer in order])
    axis.set_ylim(0.3 - len(order), len(aims or {}) + 0.8)
    axis.tick_params(axis="y", length=0, labelsize=7.5)
    axis.grid(False, axis="y")
    axis.spines["left"].set_visible(False)
    name_axes(axis, f"time over {baseline}'s, log scale\n(bars: quartiles; beside each name: geometric mean)", "")
    handles = [axis.plot([], [], linewidth=0, markersize=5, label=size, **_look(i))[0] for i, size in enumerate(sizes)]
    axis.legend(handles=handles, loc="lower left", fontsize=8, framealpha=1.0, edgecolor="none")
    if title:
        figure.suptitle(title, fontsize=10.5, x=0.01, ha="left", color=INK)
    return figure


def _mean(ratios: Sequence[LayerRatio]) -> float:
    return statistics.geometric_mean(ratio.ratio for ratio in ratios)


def _dot(axis: Axes, ratio: LayerRatio, row: int, index: int) -> None:
    style = _look(index)
    axis.plot([ratio.low, ratio.high], [row, row], color=style["color"], linewidth=3, alpha=0.35, zorder=3)
    axis.plot([ratio.ratio], [row], markersize=4.5, zorder=4, label=f"_{ratio.layer} {ratio.size}", **style)


def _words(axis: Axes, words: str, x: float, row: float) -> None:
    axis.annotate(
        words, (x, row), (3, 0), textcoords="offset points", va="center", fontsize=7, color=SOFT,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def _look(index: int) -> dict[str, Any]:
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)]}
