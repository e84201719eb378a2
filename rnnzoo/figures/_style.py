"""The look of every picture: white ground, words on the axes, colours that survive print and colour blindness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rnnzoo.figures._fonts import FittedFigure

# Okabe and Ito's palette, darkest first; markers differ too, so that a grey print can be read
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
GRID = "#D9D9D9"
INK = "#222222"


class Curve(NamedTuple):
    """A line over x with its spread, such as one layer's mean accuracy over seeds at each length."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    spread: Sequence[float | None] | None = None  # standard deviation at each x; None where there is none


def look(index: int) -> dict[str, Any]:
    """Colour and marker of the curve with this number."""
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)]}


def new_figure(width: float = 7.0, height: float = 4.4, columns: int = 1, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure (inches) with ``rows`` x ``columns`` axes, row by row; it belongs to nobody's pyplot."""
    figure = FittedFigure(figsize=(width, height), dpi=160, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axis in axes:
        axis.set_facecolor("white")
        axis.grid(True, color=GRID, linewidth=0.7)
        axis.set_axisbelow(True)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axis.spines[side].set_color(INK)
        axis.tick_params(colors=INK, labelsize=9)
    return figure, axes


def name_axes(axis: Axes, x: str, y: str, title: str = "") -> None:
    """Words on the axes."""
    axis.set_xlabel(x, color=INK, fontsize=10)
    axis.set_ylabel(y, color=INK, fontsize=10)
    if title:
        axis.set_title(title, color=INK, fontsize=11, loc="left")


def draw(axis: Axes, curve: Curve, index: int, *, dashed: bool = False) -> None:
    """Draw ``curve``: solid with its band of one standard deviation, or dashed and thin without it."""
    style = look(index)
    if dashed:
        axis.plot(
            curve.x, curve.y, color=style["color"], linestyle=(0, (5, 3)), linewidth=1.1, marker=style["marker"],
            markersize=4, markerfacecolor="white", label=curve.label,
        )  # fmt: skip
        return
    axis.plot(curve.x, curve.y, linewidth=2.0, markersize=5.5, label=curve.label, **style)
    if curve.spread is not None and any(curve.spread):
        low = [y - (s or 0.0) for y, s in zip(curve.y, curve.spread, strict=True)]
        high = [y + (s or 0.0) for y, s in zip(curve.y, curve.spread, strict=True)]
        axis.fill_between(curve.x, low, high, color=style["color"], alpha=0.15, linewidth=0)
