"""The length of gradients against the training's steps: which die, which stay alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from rnnzoo.figures._style import INK, look, name_axes, new_figure


class Band(NamedTuple):
    """What many runs recorded, against the step: median and quartiles (over neighbouring steps too, where many)."""

    label: str
    x: Sequence[float]
    middle: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def gradient_norms_against_step(
    panels: Mapping[str, Mapping[str, Sequence[Band]]], *, small: float, title: str = ""
) -> Figure:
    """A row of panels for each group of runs, a panel for each gradient in it; one scale, logarithmic, for all.

    Args:
        panels: group of runs, in words -> name of a gradient -> one band a model; x is the step, 1 the first.
        small: below it a gradient counts as dead; drawn as a dotted line. What is below a ten-thousandth of it, such as
            0, is drawn there.

    Raises:
        ValueError: there is no band.
    """
    bands = [band for row in panels.values() for found in row.values() for band in found]
    if not bands:
        raise ValueError("there is no band to draw; expected at least one model's gradient norms.")
    columns = max(len(row) for row in panels.values())
    figure, axes = new_figure(3.6 * columns + 1.6, 0.6 + 3.0 * len(panels), columns, len(panels))
    labels = list(dict.fromkeys(band.label for band in bands))
    values = [value for band in bands for value in (*band.low, *band.high) if value > 0]
    floor, top = small * 1e-4, max(small, *values)
    drawn = {}
    for i, (group, row) in enumerate(panels.items()):
        for j, (name, found) in enumerate(row.items()):
            axis = axes[i * columns + j]
            for band in found:
                style, shown = look(labels.index(band.label)), [max(value, floor) for value in band.middle]
                (drawn[band.label],) = axis.plot(band.x, shown, linewidth=1.6, markersize=4.5, markevery=3, **style)
                low, high = ([max(value, floor) for value in edge] for edge in (band.low, band.high))
                axis.fill_between(band.x, low, high, color=style["color"], alpha=0.18, linewidth=0)
            dead = axis.axhline(small, color=INK, linestyle=":", linewidth=1.0)
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.set_ylim(floor / 2, top * 2)
            name_axes(axis, "step" if i == len(panels) - 1 else "", f"norm of the gradient\n{group}" if j == 0 else "",
                      name if i == 0 else "")  # fmt: skip
            axis.tick_params(labelleft=j == 0)
    handles, names = [*(drawn[label] for label in labels), dead], [*labels, f"dead: below {small:g}"]
    figure.legend(handles, names, frameon=False, fontsize=9, loc="outside lower center", ncols=4)
    if title:
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure
