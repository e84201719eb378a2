"""A forecast behind the past it was made from: its line, the bands around it, and what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from rnnzoo.figures._style import COLOURS, INK, name_axes, new_figure


class Forecasted(NamedTuple):
    """A channel's past and future; ``x`` are dates or numbers of steps."""

    title: str
    past_x: Sequence[Any]  # (L,)
    past: Sequence[float]
    x: Sequence[Any]  # (M,)
    forecast: Sequence[float]
    bands: Sequence[tuple[str, Sequence[float], Sequence[float]]] = ()  # "80 %", low (M,), high (M,), the widest first
    actual: Sequence[float] | None = None  # (M,), where it is known; NaN: missing


def forecast(panels: Sequence[Forecasted], *, unit: str = "", x: str = "step", title: str = "") -> Figure:
    """One panel below the other: the past, where the forecast begins, the forecast with its bands, what came.

    Args:
        panels: of one channel each.
        unit: of the values.
        x: what stands along the time.

    Raises:
        ValueError: there is no panel.
    """
    if not panels:
        raise ValueError("there is no forecast to draw; expected at least one channel.")
    figure, axes = new_figure(width=9.0, height=1.2 + 2.3 * len(panels), rows=len(panels))
    for axis, panel in zip(axes, panels, strict=True):
        axis.plot(panel.past_x, panel.past, color=INK, linewidth=1.2, label="past")
        if panel.actual is not None:
            axis.plot(panel.x, panel.actual, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label="what came")
        for number, (name, low, high) in enumerate(panel.bands):
            shade = 0.16 + 0.14 * number
            axis.fill_between(panel.x, low, high, color=COLOURS[0], alpha=shade, linewidth=0, label=f"{name} band")
        axis.plot(panel.x, panel.forecast, color=COLOURS[0], linewidth=2.0, label="forecast")
        axis.axvline(panel.x[0], color=COLOURS[1], linewidth=1.0, linestyle=(0, (1, 2)))
        axis.margins(x=0.01)
        name_axes(axis, x if axis is axes[len(panels) - 1] else "", unit, panel.title)
    axes[0].legend(frameon=False, fontsize=9, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=5)
    if title:
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure
