"""The native matrix recurrence is compared with its definition before it is first used, in values and in gradients."""

from __future__ import annotations

import ctypes
import itertools
from functools import partial
from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._c_build import check_equal
from rnnzoo.ops._c_matrix import CHUNK, run_built

B, T, N, K, V = 2, CHUNK + 3, 2, 9, 11


def check_matrix(built: ctypes.CDLL, dtype: torch.dtype) -> None:
    """Compare every form over more than one chunk and more than one vector of keys and values, whatever torch's mode.

    Raises:
        CannotBuild: they differ.
    """
    from rnnzoo.ops.matrix import matrix_scan

    lengths = torch.tensor([T, 5], device="cpu")
    reference: Any = partial(matrix_scan, lengths=lengths, backend="reference")
    for fades, edit, bonus in itertools.product((False, True), repeat=3):
        decay = fades * (1 if bonus else K)
        given = _arguments(decay, edit, bonus, dtype)
        with torch.enable_grad():
            ours = _with_gradients(run_built(built, lengths, given, chunk_size=8), given)
            theirs = _with_gradients(reference(**given), given)
        check_equal(built, ours, theirs, dtype)


def _arguments(decay: int, edit: bool, bonus: bool, dtype: torch.dtype) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=dtype, device="cpu") - 0.5

    given = {"q": draw(B, T, N, K), "k": draw(B, T, N, K), "v": draw(B, T, N, V), "S0": draw(B, N, V, K)}
    if decay:
        given["log_decay"] = draw(B, T, N, decay) - 0.5
    if edit:
        given |= {"a": draw(B, T, N, K), "b": draw(B, T, N, K)}
    if bonus:
        given["bonus"] = draw(N, K)
    return {name: value.requires_grad_() for name, value in given.items()}


def _with_gradients(parts: tuple[Tensor, Tensor], given: dict[str, Tensor]) -> list[Tensor]:
    slopes = [torch.linspace(-1, 1, part.numel(), dtype=part.dtype, device="cpu").view_as(part) for part in parts]
    return [*(part.detach() for part in parts), *torch.autograd.grad(parts, list(given.values()), slopes)]
