"""Every layer that torchrecurrent has: a training step and a forward pass of ours against theirs."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from _layers import fitting, inputs, of_torchrecurrent, ours, theirs
from _measurement import Box, Comparison, Measurement, Plan, race
from _shapes import sizes
from _work import PASSES, Call, work

if TYPE_CHECKING:
    from _options import Options

SHAPES = ("A", "B", "small")
ROUND = {("A", "training"): 0.2, ("B", "training"): 0.6, ("small", "training"): 0.07} | {
    ("A", "forward"): 0.06, ("B", "forward"): 0.15, ("small", "forward"): 0.02,
}  # fmt: skip
"""Seconds that a round is thought to take, by shape and pass."""
BOX = Box(rounds=30, seconds=0.8, least=5)
REPEATS = 10  # at the small shape


def plan(options: Options) -> Plan:
    """Layer by layer, shape by shape, a training step and a forward pass."""
    if not of_torchrecurrent():
        return Plan(left_out=["torchrecurrent is not installed (`pip install rnnzoo[peers]`)"])
    cells = options.chosen(list(of_torchrecurrent()))
    shapes = [name for name in SHAPES if name in options.shapes]
    return Plan([_measurement(cell, shape, what, options) for cell in cells for shape in shapes for what in PASSES])


def _measurement(cell: str, shape: str, what: str, options: Options) -> Measurement:
    size = fitting(cell, sizes(shape, options.quick))
    labels = {f"rnnzoo.{cell}": ours, f"torchrecurrent.{of_torchrecurrent()[cell]}": theirs}
    repeats = REPEATS if shape == "small" else 1

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        x = inputs(size)
        return {label: work(what, make(cell, size), x, repeats) for label, make in labels.items() if label in wanted}

    comparison = Comparison({"cell": cell, "pass": what, "shape": shape, **size._asdict()}, *labels)
    cost = ROUND[shape, what]
    return race("gated", [comparison], calls, box=BOX, cost=cost, options=options, repeats=repeats)
