"""The recurrence of a matrix state, in native code and in chunks, against its loop and flash-linear-attention's own.

A training step of the operation alone: forward, and back to every argument. Theirs are its chunked references in plain
torch, which its kernels are checked against: the kernels need a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import torch
from _fla import arguments, references
from _measurement import Box, Comparison, Measurement, Plan, race
from _rows import installed
from _work import Call
from torch import Tensor

from rnnzoo.ops.matrix import matrix_scan

if TYPE_CHECKING:
    from _options import Options

FORMS = {
    "kept": "linear attention",
    "head": "RetNet, Mamba-2, mLSTM",
    "channel": "GLA, HGRN2",
    "channel bonus": "RWKV-5, RWKV-6",
    "edit": "DeltaNet",
    "head edit": "Gated DeltaNet",
    "channel edit": "KDA, RWKV-7",
}
"""The forms by their decays, edits and bonuses, and whose they are."""
SIZE = {"B": 1, "T": 1024, "N": 4, "K": 64, "V": 64}


def plan(options: Options) -> Plan:
    """Each form; it is about no layer in particular."""
    made = Plan()
    there = installed("fla-core")
    if not there:
        made.left_out.append("fla-core is not installed (`pip install rnnzoo[peers]`)")
    made.steps += [_form(form, options, peers=there) for form in FORMS]
    return made


def _form(form: str, options: Options, *, peers: bool) -> Measurement:
    size = {**SIZE, "T": 64} if options.quick else SIZE
    theirs = references() if peers else {}

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        given, beta = arguments(form, **size)
        leaves = {name: value.requires_grad_() for name, value in given.items()}
        S0 = torch.zeros(size["B"], size["N"], size["V"], size["K"])
        made = {
            "rnnzoo": training_call(lambda: matrix_scan(**leaves, S0=S0)[0], leaves),
            "chunks": training_call(lambda: matrix_scan(**leaves, S0=S0, backend="torch")[0], leaves),
            "steps": training_call(lambda: matrix_scan(**leaves, S0=S0, backend="reference")[0], leaves),
        }
        if form in theirs:
            made["fla-core"] = training_call(lambda: theirs[form]({**leaves, "beta": beta}), leaves)
        return {label: call for label, call in made.items() if label in wanted}

    baselines = ("steps", "fla-core") if form in theirs else ("steps",)
    settings = {"of": "matrix", "form": form, **size}
    comparisons = [Comparison(settings, mine, baseline) for mine in ("rnnzoo", "chunks") for baseline in baselines]
    return race("matrix", comparisons, calls, box=Box(rounds=20, seconds=6.0), cost=0.7, options=options)


def training_call(forward: Callable[[], Tensor], leaves: dict[str, Tensor]) -> Call:
    """A call that goes forward and back to every argument that the function reads."""
    y = forward()
    gradient = torch.randn_like(y)
    used = [leaf for leaf in leaves.values() if _reads(y, leaf)]

    def call() -> None:
        torch.autograd.grad(forward(), used, gradient)

    return call


def _reads(y: Tensor, leaf: Tensor) -> bool:
    return torch.autograd.grad(y, leaf, torch.ones_like(y), allow_unused=True, retain_graph=True)[0] is not None
