"""How the time of a training step grows with T, B and H, each with the others held still."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from _layers import inputs, is_large, memory_needed, memory_there, ours
from _measurement import Box, Comparison, Measurement, Plan, race
from _shapes import Shape
from _work import Call, training

from rnnzoo.registry import LAYERS

if TYPE_CHECKING:
    from _options import Options

ALONG = {
    "T": (256, 1024, 4096, 16384, 65536),
    "B": (4, 16, 64, 256),
    "H": (32, 64, 128, 256, 512),
}
FIXED = {"T": Shape(1, 0, 16, 64), "B": Shape(0, 128, 64, 64), "H": Shape(32, 128, 64, 0)}
STEP_BY_STEP = ("gru", "indrnn", "lem", "lstm", "srn")
"""Measured along T besides those that are parallel over time."""
MODELS = ("gru", "lstm", "mingru")
"""Measured along B and H."""
QUICK = (2, 4, 8)
BOX = Box(rounds=10, seconds=2.0, least=3)


def plan(options: Options) -> Plan:
    """Along T, then along B and H; sizes that would not fit into memory are left out."""
    made = Plan()
    for along in ALONG:
        for cell in _cells(along, options):
            made_sizes = [FIXED[along]._replace(**{along: n}) for n in (QUICK if options.quick else ALONG[along])]
            fit = [size for size in made_sizes if memory_needed(cell, size) < 0.7 * memory_there()]
            for size in made_sizes[len(fit) :]:
                made.left_out.append(f"{cell} at {along} = {getattr(size, along)}: more memory than there is")
            if len(fit) > 1:
                made.steps.append(_measurement(cell, along, fit, options))
    return made


def _cells(along: str, options: Options) -> list[str]:
    if options.cells is not None:
        return list(options.cells)
    if along == "T":
        return [entry.name for entry in LAYERS.entries() if entry.parallel or entry.name in STEP_BY_STEP]
    return list(MODELS)


def _measurement(cell: str, along: str, made_sizes: list[Shape], options: Options) -> Measurement:
    labels = {f"rnnzoo.{cell} {along}={getattr(size, along)}": size for size in made_sizes}
    baseline, *others = labels

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        return {label: training(ours(cell, size), inputs(size)) for label, size in labels.items() if label in wanted}

    comparisons = [
        Comparison({"cell": cell, "along": along, **labels[label]._asdict()}, label, baseline) for label in others
    ]
    cost = 0.3 * (10 if is_large(cell, made_sizes[0]) else 1)
    return race("growth", comparisons, calls, box=BOX, cost=cost, options=options)
