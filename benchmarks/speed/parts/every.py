"""Every layer against torch.nn.GRU and torch.nn.LSTM; those that are parallel over time on long rows, too.

A few layers share the rounds of the two baselines, which take their turn once a round.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from _layers import fitting, inputs, is_large, memory_needed, memory_there, ours, torch_nn
from _measurement import Box, Comparison, Measurement, Plan, groups, race
from _shapes import SHAPES as ALL_SHAPES
from _shapes import Shape, sizes
from _work import PASSES, Call, work

from rnnzoo.registry import LAYERS

if TYPE_CHECKING:
    from _options import Options

SHAPES = {"A": False, "small": False, "C": True, "D": True}
"""What is measured there: every layer, or only those that are parallel over time."""
ROUND = {"A": 0.03, "small": 0.006, "C": 0.25, "D": 0.25}
"""Seconds that one layer's training step is thought to take at a shape; `LARGE` times it with a large state."""
LARGE = 4
BASELINES = ("GRU", "LSTM")
TOGETHER = 6  # layers that share their baselines' rounds
REPEATS = 10  # at the small shape


def plan(options: Options) -> Plan:
    """Shape by shape, the layers in groups; one whose states would not fit into memory is left out."""
    made = Plan()
    for shape, parallel in SHAPES.items():
        if shape not in options.shapes:
            continue
        size = sizes(shape, options.quick)
        named = [entry.name for entry in LAYERS.entries() if entry.parallel or not parallel]
        fit, alone = [], []
        for cell in options.chosen(named):
            try:
                needed, large = memory_needed(cell, size), is_large(cell, ALL_SHAPES[shape])
            except Exception as error:  # one layer that is broken is no reason to measure none
                made.left_out.append(f"{cell} at {shape} cannot be built: {error}")
                continue
            if needed > 0.7 * memory_there():
                made.left_out.append(f"{cell} at {shape}: a training step would need about {needed / 2**30:.0f} GiB")
            elif large:
                alone.append([cell])
            else:
                fit.append(cell)
        together = groups(fit, TOGETHER)
        made.steps += [_measurement(g, shape, size, p, options) for g in (*together, *alone) for p in PASSES]
    return made


def _measurement(cells: Sequence[str], shape: str, size: Shape, what: str, options: Options) -> Measurement:
    labels = {f"rnnzoo.{cell}": cell for cell in cells}
    repeats = REPEATS if shape == "small" else 1

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        x = inputs(size)
        made = {f"torch.nn.{name}": work(what, torch_nn(name, size), x, repeats) for name in BASELINES}
        for label, cell in labels.items():
            if label in wanted:
                fits = fitting(cell, size)
                made[label] = work(what, ours(cell, fits), x if fits == size else inputs(fits), repeats)
        return made

    comparisons = [
        Comparison(
            {"cell": cell, "pass": what, "shape": shape, **fitting(cell, size)._asdict()}, label, f"torch.nn.{baseline}"
        )
        for label, cell in labels.items()
        for baseline in BASELINES
    ]
    large = is_large(cells[0], ALL_SHAPES[shape])
    one = ROUND[shape] * (0.35 if what == "forward" else 1.0) * repeats
    cost = one * (len(cells) * (LARGE if large else 1) + 2)
    box = Box(rounds=20, seconds=0.25 * (len(cells) + 2), least=3 if large else 5)
    return race("all", comparisons, calls, box=box, cost=cost, options=options, repeats=repeats)
