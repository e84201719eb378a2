"""What native code costs at its first use, and what a training step takes without it.

First use: a fresh process's first training step, with an empty cache, where the code is built, and with a full one.
Without: a process with RNNZOO_NATIVE=0 takes turns with one that has native code.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

import torch
from _fresh import helper
from _layers import fitting, inputs, ours
from _measurement import Box, Comparison, Measurement, Plan
from _shapes import Shape, sizes
from _work import training

from rnnzoo.bench.interleaved import interleave

if TYPE_CHECKING:
    from _options import Options

CELLS = ("gru", "indrnn", "lem", "lru", "lstm", "mgu", "mingru", "peephole_lstm")
ROUNDS = 3
EMPTY, FULL = "an empty cache", "a full cache"
WITH, WITHOUT = "native code", "RNNZOO_NATIVE=0"
BOX = Box(rounds=15, seconds=2.0, least=5)
_STEPS: list[Callable[[], None]] = []
"""The step that a process which stays makes again and again."""


def plan(options: Options) -> Plan:
    """The first step of each layer, then its later steps with and without native code."""
    cells = list(options.cells or CELLS)[: 1 if options.quick else None]
    return Plan([*(_first(cell, options) for cell in cells), *(_without(cell, options) for cell in cells)])


def _first(cell: str, options: Options) -> Measurement:
    size = fitting(cell, sizes("A", options.quick))
    rounds = options.rounds or (1 if options.quick else ROUNDS)

    def measure(labels: Collection[str]) -> dict[str, Sequence[float]]:
        measured: dict[str, list[float]] = {EMPTY: [], FULL: []}  # in this order: the first fills the cache
        there = helper(fresh=True)
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as cache:
                for values in measured.values():
                    values.append(there.call(first_step, cell, size, cache, options.threads))
        return measured

    settings = {"of": "first step", "cell": cell, "shape": "A", **size._asdict()}
    return Measurement("first-use", [Comparison(settings, EMPTY, FULL)], measure, 2.0 * rounds, options.threads)


def _without(cell: str, options: Options) -> Measurement:
    size = fitting(cell, sizes("A", options.quick))
    box = BOX.under(options)

    def measure(labels: Collection[str]) -> dict[str, list[float]]:
        helpers = {WITH: helper(fresh=False, RNNZOO_NATIVE="1"), WITHOUT: helper(fresh=False, RNNZOO_NATIVE="0")}
        for there in helpers.values():
            there.call(prepare, cell, size, options.threads)
        turns = {label: lambda there=there: there.call(again) for label, there in helpers.items()}
        return interleave(turns, rounds=box.rounds, drop=box.drop, seconds=box.seconds, least=box.least)

    settings = {"of": "later steps", "cell": cell, "pass": "training", "shape": "A", **size._asdict()}
    return Measurement("first-use", [Comparison(settings, WITH, WITHOUT)], measure, 4.0, options.threads)


def first_step(cell: str, size: Shape, cache: str, threads: int) -> float:
    """Seconds of this process's first training step, native code kept in the folder ``cache``."""
    os.environ["RNNZOO_CACHE"] = cache
    torch.set_num_threads(threads)
    module, x = ours(cell, size), inputs(size)
    start = time.perf_counter()
    module(x)[0].sum().backward()
    return time.perf_counter() - start


def prepare(cell: str, size: Shape, threads: int) -> None:
    """Get ready for `again`."""
    torch.set_num_threads(threads)
    _STEPS[:] = [training(ours(cell, size), inputs(size))]


def again() -> None:
    """One more training step."""
    _STEPS[0]()
