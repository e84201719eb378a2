"""Heat maps of gates and states, units against time: what a layer lets in, keeps and gives out as it reads."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnzoo.contracts import GateValues
from rnnzoo.figures._style import INK, name_axes, new_figure

WIDE = 90
"""Steps of all panels together up to which they stand side by side; beyond, one below the other."""

LONGEST = 16
"""Characters of a step's name; more are cut off."""


class Scale(NamedTuple):
    """What the colours of a panel mean."""

    colours: str
    low: float
    high: float
    label: str


GATE = Scale("viridis", 0.0, 1.0, "gate: 0 shut, 1 open")
SMALL = Scale("RdBu_r", -1.0, 1.0, "value (white: 0)")
LARGE = Scale("RdBu_r", -5.0, 5.0, "value (white: 0)")


class Panel(NamedTuple):
    """One heat map."""

    title: str
    values: Sequence[Sequence[float]]  # units x steps
    scale: Scale


def default_names(values: GateValues) -> list[str]:
    """What is shown unless more is asked for: the gates, and the cell, or every state where there is no cell."""
    gates = [name for name in values.gates if not name.startswith("candidate")]
    return gates + (["cell"] if "cell" in values.states else list(values.states))


def gate_panels(values: GateValues, names: Sequence[str], row: int = 0) -> list[Panel]:
    """The named values of one row of the batch as panels.

    Gates have the scale 0 to 1. Others have -1 to 1 where they stay within it, else -5 to 5.
    """
    panels = []
    for name in names:
        gate = name in values.gates and not name.startswith("candidate")
        tensor = values.gates[name] if name in values.gates else values.states[name]
        units = np.asarray(tensor[row].detach().float().cpu().T)  # (units, T)
        words = {"hidden": "hidden state"}.get(name, name)
        scale = GATE if gate else SMALL if float(np.abs(units).max()) <= 1 else LARGE
        panels.append(Panel(f"{words} gate" if gate else words, units, scale))  # type: ignore[arg-type]
    return panels


def gates(panels: Sequence[Panel], steps: Sequence[str], *, title: str = "") -> Figure:
    """One heat map a panel, units from the top, steps from the left, and one colour bar for each scale.

    Args:
        panels: what is shown; those of one scale are brought together.
        steps: what is read at each step, written below its column.
        title: above them all.

    A bar with a pointed end says that values go beyond it.

    Raises:
        ValueError: there is no panel, or one whose columns are not the steps.
    """
    if not panels:
        raise ValueError("there is nothing to draw; expected at least one panel.")
    scales = list(dict.fromkeys(panel.scale for panel in panels))
    panels = sorted(panels, key=lambda panel: scales.index(panel.scale))
    shapes = [np.shape(panel.values) for panel in panels]
    for panel, shape in zip(panels, shapes, strict=True):
        if len(shape) != 2 or shape[1] != len(steps) or not shape[0]:
            raise ValueError(f"{panel.title}: values have shape {shape}; expected (units, {len(steps)} steps).")
    beside = len(steps) * len(panels) <= WIDE
    size = 8.0 if len(steps) <= 40 else 7.0  # points
    inches = min(max(len(steps) * 0.21, 1.9), 3.6 if beside else 11.0)  # the width of a panel
    height = min(max(max(shape[0] for shape in shapes) * 0.12, 1.6), 4.6 if beside else 2.2)
    width, rows, columns = (inches * len(panels), 1, len(panels)) if beside else (inches, len(panels), 1)
    figure, axes = new_figure(max(width, 4.2) + 1.0, height * rows + 1.9, columns, rows)
    drawn: dict[Scale, list[tuple[Axes, Any]]] = {}
    for axis, panel in zip(axes, panels, strict=True):
        drawn.setdefault(panel.scale, []).append((axis, _heat_map(axis, panel)))
        last = beside or axis is axes[-1]
        _name_steps(axis, steps if last else [""] * len(steps), inches, size)
        name_axes(axis, "input" if last else "", "unit" if axis is axes[0] or not beside else "", panel.title)
    for scale, pairs in drawn.items():
        beyond = [_beyond(panel) for panel in panels if panel.scale == scale]
        below, above = any(low for low, _ in beyond), any(high for _, high in beyond)
        extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
        place: dict[str, Any] = {"location": "bottom", "aspect": 14 * len(pairs), "shrink": 0.9}
        if not beside:
            place = {"location": "right", "aspect": 12 * len(pairs), "fraction": 0.03}
        bar = figure.colorbar(pairs[0][1], ax=[axis for axis, _ in pairs], extend=extend, **place)
        bar.set_label(scale.label, color=INK, fontsize=9)
        bar.ax.tick_params(colors=INK, labelsize=8)
    if title:
        lines = textwrap.wrap(title, int(figure.get_figwidth() * 11))
        figure.suptitle("\n".join(lines), fontsize=11, color=INK, x=0.01, ha="left", parse_math=False)
    return figure


def _heat_map(axis: Axes, panel: Panel) -> Any:
    values, scale = np.asarray(panel.values), panel.scale
    image = axis.imshow(
        values, cmap=scale.colours, vmin=scale.low, vmax=scale.high, aspect="auto", interpolation="nearest"
    )
    axis.grid(False)
    units = values.shape[0]
    every = max(1, 2 ** round(math.log2(units / 4))) if units > 4 else 1
    places = sorted({1, *range(every, units + 1, every)})
    axis.set_yticks([place - 1 for place in places], [str(place) for place in places])
    return image


def _name_steps(axis: Axes, steps: Sequence[str], inches: float, size: float) -> None:
    """Write what each step reads below it, upright where it is long; where they would touch, only every n-th."""
    upright = max(map(len, steps)) > 2
    fit = inches * 72 / (size * (1.25 if upright else 1.0 * max(1, max(map(len, steps)) * 0.75)))
    every = math.ceil(len(steps) / fit)
    places = range(0, len(steps), every)
    words = [step if len(step) <= LONGEST else f"{step[: LONGEST - 1]}…" for step in map(steps.__getitem__, places)]
    axis.set_xticks(list(places), words, parse_math=False)
    axis.tick_params(axis="x", labelsize=size, labelrotation=90 if upright else 0)


def _beyond(panel: Panel) -> tuple[bool, bool]:
    """Whether values go below and above the panel's scale."""
    values = np.asarray(panel.values)
    return bool((values < panel.scale.low).any()), bool((values > panel.scale.high).any())
