"""Time of several implementations relative to one of them, grouped by the work they were given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rnnzoo.figures._style import COLOURS, INK, MARKERS, name_axes, new_figure


class Timing(NamedTuple):
    """One implementation's time over the baseline's, with quartiles."""

    panel: str  # the kind of call, such as "forward"
    group: str  # the work, such as "lstm 8x20x32-32"
    label: str  # the implementation
    ratio: float
    low: float
    high: float


def relative_time(timings: Sequence[Timing], *, baseline: str, title: str = "") -> Figure:
    """One panel a kind of call, one block of lines a group; each line runs from the baseline's time to the measured.

    The scale is logarithmic, so that twice and half the time are as far from the baseline. Every line bears its label
    and its ratio.

    Raises:
        ValueError: there is nothing to draw.
    """
    if not timings:
        raise ValueError("there is no time to draw; expected at least one implementation beside the baseline.")
    panels, groups, labels = (
        list(dict.fromkeys(str(timing[field]) for timing in timings)) for field in range(len(Timing._fields[:3]))
    )
    rows = len(groups) * (len(labels) + 1)
    figure, axes = new_figure(width=4.6 * len(panels) + 1.0, height=1.2 + 0.19 * rows, columns=len(panels))
    most, least = max(t.high for t in timings), min(t.low for t in timings)
    for axis, panel in zip(axes, panels, strict=True):
        for timing in timings:
            if timing.panel == panel:
                place = -groups.index(timing.group) * (len(labels) + 1) - labels.index(timing.label)
                _line(axis, timing, place, labels.index(timing.label))
        axis.axvline(1.0, color=INK, linewidth=1.2)
        axis.set_xscale("log")
        axis.set_xlim(min(0.8, 0.9 * least), max(1.6, 3.2 * most))  # room for the last label
        axis.xaxis.set_major_locator(LogLocator(10, (1, 2, 5)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        middles = [-i * (len(labels) + 1) - (len(labels) - 1) / 2 for i in range(len(groups))]
        axis.set_yticks(middles, groups if axis is axes[0] else [""] * len(groups))
        axis.tick_params(axis="y", length=0)
        axis.set_ylim(-rows + 1.2, 0.9)
        axis.grid(False, axis="y")
        name_axes(axis, f"time over {baseline}'s (log scale; bars: quartiles)", "", panel)
    if title:
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure


def _line(axis: Axes, timing: Timing, place: float, index: int) -> None:
    colour = COLOURS[index % len(COLOURS)]
    axis.plot([1.0, timing.ratio], [place, place], color=colour, linewidth=1.0, alpha=0.5)
    axis.plot([timing.low, timing.high], [place, place], color=colour, linewidth=3.0, alpha=0.6, solid_capstyle="butt")
    axis.plot([timing.ratio], [place], MARKERS[index % len(MARKERS)], color=colour, markersize=5)
    axis.annotate(
        f"{timing.label} {timing.ratio:.{2 if timing.ratio < 10 else 0}f}",
        (max(timing.high, timing.ratio, 1.0), place), (6, 0), textcoords="offset points", va="center", fontsize=7.5,
        color=INK,
    )  # fmt: skip
