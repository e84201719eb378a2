"""A training step of rnnzoo.RNN, LSTM and GRU against torch.nn's own, with the same weights.

The baseline's time hangs on the C library's allocator: fresh large tensors cost page faults. So all is measured twice,
the second time by a process whose allocator keeps its memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import torch
from _layers import inputs
from _measurement import Box, Comparison, Elsewhere, Measurement, Plan, race
from _rows import allocator
from _shapes import sizes
from _work import Call, training
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

import rnnzoo

if TYPE_CHECKING:
    from _options import Options

LAYERS = {"srn": "RNN", "lstm": "LSTM", "gru": "GRU"}
STACK = {"num_layers": 2, "bidirectional": True}
FORMS = [*((shape, {}, "padded") for shape in ("A", "B", "small")), ("A", STACK, "padded")]
FORMS += [("A", {}, form) for form in ("packed", "lengths")]
"""Shape, stack, and the input: padded rows, packed rows, or padded rows with lengths (which torch packs and pads)."""
TUNED = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**36)}
"""Under these glibc's allocator keeps what is freed."""
BOX = Box(rounds=20, seconds=0.6, least=7, drop=2)
COST = 0.1  # seconds that a round is thought to take
REPEATS = 20  # at the small shape


class Packing(nn.Module):
    """A module of torch.nn on padded rows of these lengths, as its users write it."""

    def __init__(self, module: nn.Module, lengths: Tensor) -> None:
        super().__init__()
        self.module, self.lengths = module, lengths

    def forward(self, x: Tensor) -> tuple[Tensor, object]:
        y, state = self.module(pack_padded_sequence(x, self.lengths, batch_first=True))
        return pad_packed_sequence(y, batch_first=True)[0], state


class WithLengths(Packing):
    """A layer of ours on the same rows."""

    def forward(self, x: Tensor) -> tuple[Tensor, object]:
        return self.module(x, lengths=self.lengths)


def plan(options: Options) -> Plan:
    """One thread and several, here and, unless this process's allocator is told something, under `TUNED`."""
    forms = [form for form in FORMS if form[0] in options.shapes]
    cells = options.chosen(list(LAYERS))
    made = Plan(
        [
            _measurement(cell, *form, threads, options)
            for threads in dict.fromkeys((1, options.threads))
            for form in forms
            for cell in cells
        ]
    )
    if allocator() == "default" and made.steps:
        made.steps.append(Elsewhere("native", TUNED, cost=5 + sum(step.cost for step in made.steps)))
    return made


def _measurement(
    cell: str, shape: str, stack: Mapping[str, Any], form: str, threads: int, options: Options
) -> Measurement:
    size = sizes(shape, options.quick)
    name = LAYERS[cell]
    repeats = REPEATS if shape == "small" else 1

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        mine: nn.Module = getattr(rnnzoo, name)(size.I, size.H, batch_first=True, **stack)
        peer: nn.Module = getattr(nn, name)(size.I, size.H, batch_first=True, **stack)
        peer.load_state_dict(mine.state_dict())
        x = inputs(size)
        torch.testing.assert_close(mine(x)[0], peer(x)[0])
        given: Tensor | PackedSequence = x
        lengths = torch.linspace(size.T, size.T // 2, size.B).long()
        if form == "lengths":
            mine, peer = WithLengths(mine, lengths), Packing(peer, lengths)
        if form == "packed":
            packed = pack_padded_sequence(x, lengths, batch_first=True)
            given = packed._replace(data=packed.data.detach().requires_grad_())
        return {label: training(m, given, repeats) for label, m in zip(labels, (mine, peer), strict=True)}

    labels = (f"rnnzoo.{name}", f"torch.nn.{name}")
    settings = {"cell": cell, "pass": "training", "shape": shape, **size._asdict(), **stack, "input": form}
    return race(
        "native", [Comparison(settings, *labels)], calls, box=BOX, cost=COST, options=options, repeats=repeats,
        threads=threads,
    )  # fmt: skip
