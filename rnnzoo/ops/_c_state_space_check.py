"""Native state spaces are compared with their definition before they are first used, in values and in gradients."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from rnnzoo.ops._c_build import check_equal
from rnnzoo.ops._c_state_space import CHUNK, StateSpace, definition, run_built

SHAPES = {
    "selective": ("BTE", "BTE", "BTE", "EN", "BTN", "BTN", "E", "BEN"),
    "diagonal": ("BTE", "EN2", "EN2", "EN2", "E", "BEN2"),
}
SIZES = {"B": 3, "T": CHUNK + 3, "E": 11, "N": 2, "2": 2}


def check_state_space(kind: StateSpace, built: ctypes.CDLL, dtype: torch.dtype) -> None:
    """Compare over more than one chunk and more than one block of channels, whatever mode torch is in.

    Raises:
        CannotBuild: they differ.
    """
    lengths = torch.tensor([3, CHUNK + 3, CHUNK], device="cpu")
    reference = partial(definition(kind), lengths=lengths, backend="reference")
    ours = _ran(partial(run_built, kind, built, lengths), kind, dtype)
    check_equal(built, ours, _ran(reference, kind, dtype), dtype)


def _ran(function: Callable[..., tuple[Tensor, Tensor]], kind: StateSpace, dtype: torch.dtype) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    leaves = []
    for letters in SHAPES[kind]:
        shape = [SIZES[letter] for letter in letters]
        numbers = torch.rand(shape, generator=generator, dtype=dtype, device="cpu") - 0.5
        leaves.append((numbers * 0.9 - float(letters == "EN")).requires_grad_())  # rates are below zero
    with torch.enable_grad():
        parts = function(*leaves)
        slopes = [torch.linspace(-1, 1, part.numel(), dtype=dtype, device="cpu").view_as(part) for part in parts]
        return [*(part.detach() for part in parts), *torch.autograd.grad(parts, leaves, slopes)]
