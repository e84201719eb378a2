"""How much of a gradient is left after travelling back through time, against the number of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from rnnzoo.figures._style import INK, look, name_axes, new_figure
from rnnzoo.figures.gradient_norms_against_step import Band

FLOOR = 1e-10


def gradient_reach(panels: Mapping[str, Sequence[Band]], *, fraction: float, title: str = "") -> Figure:
    """A panel for each occasion, one line a layer (median over seeds, band of quartiles), on a logarithmic scale.

    Args:
        panels: occasion, in words -> one band a layer; x is the lag, from 0.
        fraction: what counts as reached; drawn as a dotted line.

    Raises:
        ValueError: there is no band.
    """
    bands = [band for found in panels.values() for band in found]
    if not bands:
        raise ValueError("there is no band to draw; expected at least one layer's gradient against the lag.")
    figure, axes = new_figure(4.2 * len(panels) + 0.6, 4.6, len(panels))
    labels = list(dict.fromkeys(band.label for band in bands))
    top = max(10.0, *(value for band in bands for value in band.high if value < float("inf")))
    drawn = {}
    for axis, (occasion, found) in zip(axes, panels.items(), strict=True):
        for band in found:
            style = look(labels.index(band.label))
            low, middle, high = ([min(max(v, FLOOR), top) for v in edge] for edge in (band.low, band.middle, band.high))
            every = max(1, len(middle) // 8)
            (drawn[band.label],) = axis.plot(band.x, middle, linewidth=1.6, markersize=5, markevery=every, **style)
            axis.fill_between(band.x, low, high, color=style["color"], alpha=0.18, linewidth=0)
        reached = axis.axhline(fraction, color=INK, linestyle=":", linewidth=1.0)
        axis.set_yscale("log")
        axis.set_ylim(FLOOR, top * 2)
        axis.tick_params(labelleft=axis is axes[0])
        name_axes(axis, "lag (steps back)", "what is left of the gradient" if axis is axes[0] else "", occasion)
    handles, names = [*(drawn[label] for label in labels), reached], [*labels, f"{fraction:g} of its length"]
    figure.legend(handles, names, frameon=False, fontsize=9, loc="outside lower center", ncols=5)
    if title:
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    return figure
