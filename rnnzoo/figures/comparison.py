"""A metric of several models side by side, each beside its reference values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnzoo.figures._style import COLOURS, INK, name_axes, new_figure

LEAST = 0.05
"""Of the largest value, what a panel's scale spans at least."""


class Bar(NamedTuple):
    """One model's measured value and those it is held against."""

    label: str
    value: float | None  # None: only references
    spread: float | None = None  # standard deviation over seeds
    references: Sequence[float] = ()
    panel: str = ""  # the panel it stands in


def comparison(bars: Sequence[Bar], *, metric: str, unit: str = "", title: str = "") -> Figure:
    """One horizontal line a model: a dot with its spread where it was measured, hollow diamonds for references.

    Dots rather than bars: the scale need not begin at zero, so that a difference of one point can be seen. Where the
    bars are of several panels these stand side by side, each with its own scale, and share the models' lines.

    Raises:
        ValueError: there is nothing to draw.
    """
    if not bars:
        raise ValueError("there is no model to compare; expected at least one value.")
    labels, panels = (
        list(dict.fromkeys(names)) for names in zip(*((bar.label, bar.panel) for bar in bars), strict=True)
    )
    width = 7.0 if len(panels) == 1 else 2.2 + 2.8 * len(panels)
    figure, axes = new_figure(
        width=width, height=1.1 + 0.42 * len(labels) + 0.2 * (len(panels) > 1), columns=len(panels)
    )
    places = {label: len(labels) - row for row, label in enumerate(labels)}
    for column, (axis, panel) in enumerate(zip(axes, panels, strict=True)):
        for bar in bars:
            if bar.panel == panel:
                _draw(axis, bar, places[bar.label])
        axis.set_yticks(list(places.values()), labels if column == 0 else [""] * len(labels))
        axis.set_ylim(0.4, len(labels) + 0.7)
        axis.margins(x=0.15)
        _widen(axis)
        axis.grid(False, axis="y")
        heading = panel if len(panels) > 1 else "\n".join(filter(None, (title, panel)))
        name_axes(axis, f"{metric}{f' ({unit})' if unit else ''}", "", heading)
    if len(panels) > 1 and title:
        figure.suptitle(title, fontsize=11.5, x=0.01, ha="left", color=INK)
    axes[0].plot([], [], "o", color=COLOURS[0], label="measured here (mean, 1 sd over seeds)")
    if any(bar.references for bar in bars):
        axes[0].plot([], [], "D", color=COLOURS[1], markerfacecolor="white", label="reference")
    figure.legend(frameon=False, fontsize=8, loc="outside lower right", ncols=2)
    return figure


def _widen(axis: Axes) -> None:
    """Show values that are nearly the same as nearly the same: the scale spans at least `LEAST` of their size."""
    low, high = axis.get_xlim()
    lacking = LEAST * max(abs(low), abs(high)) - (high - low)
    if lacking > 0:
        axis.set_xlim(low - lacking / 2, high + lacking / 2)


def _draw(axis: Axes, bar: Bar, place: int) -> None:
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
