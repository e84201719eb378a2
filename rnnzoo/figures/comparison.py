"""A metric of several models side by side, each beside its reference values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from rnnzoo.figures._style import COLOURS, INK, name_axes, new_figure


class Bar(NamedTuple):
    """One model's measured value and those it is held against."""

    label: str
    value: float | None  # None: only references
    spread: float | None = None  # standard deviation over seeds
    references: Sequence[float] = ()


def comparison(bars: Sequence[Bar], *, metric: str, unit: str = "", title: str = "") -> Figure:
    """One horizontal line a model: a dot with its spread where it was measured, hollow diamonds for references.

    Dots rather than bars: the scale need not begin at zero, so that a difference of one point can be seen.

    Raises:
        ValueError: there is nothing to draw.
    """
    if not bars:
        raise ValueError("there is no model to compare; expected at least one value.")
    figure, (axis,) = new_figure(width=7.0, height=1.1 + 0.42 * len(bars))
    places = range(len(bars), 0, -1)
    for place, bar in zip(places, bars, strict=True):
        if bar.value is not None:
            axis.errorbar(
                bar.value, place, xerr=bar.spread, fmt="o", color=COLOURS[0], markersize=7, capsize=3, linewidth=1.4
            )
            axis.annotate(
                f"{bar.value:.3f}", (bar.value, place), (0, 7), textcoords="offset points", ha="center", fontsize=8,
                color=INK,
            )  # fmt: skip
        axis.plot(
            bar.references, [place] * len(bar.references), "D", color=COLOURS[1], markerfacecolor="white", markersize=6
        )
    axis.plot([], [], "o", color=COLOURS[0], label="measured here (mean, 1 sd over seeds)")
    if any(bar.references for bar in bars):
        axis.plot([], [], "D", color=COLOURS[1], markerfacecolor="white", label="reference")
    axis.set_yticks(list(places), [bar.label for bar in bars])
    axis.set_ylim(0.4, len(bars) + 0.7)
    axis.margins(x=0.12)
    axis.grid(False, axis="y")
    name_axes(axis, f"{metric}{f' ({unit})' if unit else ''}", "", title)
    figure.legend(frameon=False, fontsize=8, loc="outside lower right", ncols=2)
    return figure
