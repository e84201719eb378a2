"""The scan against one addition of tensors of its size; minGRU and minLSTM against minGRU-pytorch's: float32.

Both sides of the second have one fused input matrix without a bias and the state as output.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import torch
from _layers import inputs, mingru_pytorch, ours
from _measurement import Box, Comparison, Measurement, Plan, race
from _rows import installed
from _shapes import TINY, sizes
from _work import PASSES, Call, work

from rnnzoo.ops.scan import BACKENDS, scan

if TYPE_CHECKING:
    from _options import Options

SIZES = ((8, 35, 32), (128, 80, 64), (1, 80, 8192), (4, 4096, 128), (1, 4096, 1024))  # B, T, C
PEERS = {"mingru": "minGRU", "minlstm": "minLSTM"}
FORMS = ("plain", "log")
SHAPES = {"A": 0.15, "B": 0.2, "C": 1.0, "D": 0.4}
"""Where the layers are measured, and how many seconds a round of a training step is thought to take there."""


def plan(options: Options) -> Plan:
    """The scan by itself, unless other layers were asked for, then the layers."""
    cells = options.chosen(list(PEERS))
    made = Plan([_scan(*size, options) for size in SIZES if cells])
    if not installed("minGRU-pytorch"):
        made.left_out.append("minGRU-pytorch is not installed (`pip install rnnzoo[peers]`)")
        return made
    shapes = [shape for shape in SHAPES if shape in options.shapes]
    made.steps += [_layer(cell, shape, what, options) for cell in cells for shape in shapes for what in PASSES]
    return made


def _scan(B: int, T: int, C: int, options: Options) -> Measurement:
    if options.quick:
        B, T, C = min(B, TINY.B), min(T, TINY.T), min(C, TINY.H)

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        a, b, h0 = torch.rand(B, T, C), torch.randn(B, T, C), torch.zeros(B, C)
        leaves = tuple(value.clone().requires_grad_() for value in (a, b, h0))
        g = torch.randn(B, T, C)
        made: dict[str, Call] = {"addition": lambda: a + b}
        for name in BACKENDS[1:]:
            h = scan(*leaves, backend=name)[0]
            made[f"{name} forward"] = lambda name=name: scan(a, b, h0, backend=name)
            made[f"{name} backward"] = lambda h=h: torch.autograd.grad(h, leaves, g, retain_graph=True)
        return {label: call for label, call in made.items() if label in wanted}

    comparisons = [
        Comparison({"of": "scan", "backend": name, "pass": what, "B": B, "T": T, "C": C}, f"{name} {what}", "addition")
        for name in BACKENDS[1:]
        for what in ("forward", "backward")
    ]
    box = Box(rounds=40, seconds=1.0, least=10, drop=2)
    return race("scan", comparisons, calls, box=box, cost=0.1, options=options)


def _layer(cell: str, shape: str, what: str, options: Options) -> Measurement:
    size = sizes(shape, options.quick)
    peer = f"minGRU-pytorch.{PEERS[cell]}"

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        x = inputs(size)
        made = {peer: work(what, mingru_pytorch(PEERS[cell], size), x)}
        for form in FORMS:
            if f"rnnzoo.{cell} {form}" in wanted:
                made[f"rnnzoo.{cell} {form}"] = work(what, ours(cell, size, bias=False, form=form), x)
        return made

    comparisons = [
        Comparison(
            {"of": "layer", "cell": cell, "form": form, "pass": what, "shape": shape, **size._asdict()},
            f"rnnzoo.{cell} {form}",
            peer,
        )
        for form in FORMS
    ]
    cost = SHAPES[shape] * (0.35 if what == "forward" else 1.0)
    return race("scan", comparisons, calls, box=Box(rounds=20, seconds=1.0), cost=cost, options=options)
