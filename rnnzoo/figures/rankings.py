"""The same layers by several numbers side by side, in the order of their mean place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rnnzoo.figures._style import INK, name_axes, new_figure
from rnnzoo.figures.ranking import KINDS, ROW, look_of


class Placed(NamedTuple):
    """A layer, its kind of recurrence and what it reached, by the name of the number."""

    label: str
    kind: str
    values: Mapping[str, float]


def rankings(layers: Sequence[Placed], metrics: Sequence[str], *, title: str = "") -> Figure:
    """One row a layer, in the order given, and one panel a number, each with its own scale.

    Args:
        layers: the best first; every one has every number.
        metrics: the numbers' names, left to right.
        title: above all panels.

    Raises:
        ValueError: there is no layer or no number, or a layer lacks one.
    """
    if not layers or not metrics:
        raise ValueError("there is nothing to rank; expected at least one layer and one number.")
    for layer in layers:
        missing = [metric for metric in metrics if metric not in layer.values]
        if missing:
            raise ValueError(f"layer {layer.label} has no {missing[0]}; expected {', '.join(metrics)} of every layer.")
    figure, axes = new_figure(width=2.0 + 2.1 * len(metrics), height=1.3 + ROW * len(layers), columns=len(metrics))
    for number, (axis, metric) in enumerate(zip(axes, metrics, strict=True)):
        for row, layer in enumerate(layers):
            axis.plot(layer.values[metric], -row, linewidth=0, markersize=4.5, **look_of(layer.kind))
        axis.set_ylim(0.7 - len(layers), 0.7)
        names = [f"{layer.label}  {place}" for place, layer in enumerate(layers, start=1)] if number == 0 else []
        axis.set_yticks([-row for row in range(len(layers))] if number == 0 else [], names)
        axis.tick_params(axis="y", length=0, labelsize=7.5)
        axis.tick_params(axis="x", labelsize=7.5)
        axis.margins(x=0.08)
        axis.spines["left"].set_visible(False)
        name_axes(axis, metric, "")
    kinds = {layer.kind for layer in layers}
    shown = [kind for kind in KINDS if kind in kinds]
    figure.legend(
        handles=[Line2D([], [], linewidth=0, markersize=5, label=kind, **look_of(kind)) for kind in shown],
        loc="outside lower center", ncols=len(shown), fontsize=8, frameon=False,
    )  # fmt: skip
    if title:
        figure.suptitle(title, fontsize=10.5, x=0.01, ha="left", color=INK)
    return figure
