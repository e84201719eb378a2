"""The native scans are compared with the loop over time before they are first used, in values and in gradients."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from rnnzoo.ops._c_build import check_equal
from rnnzoo.ops._c_scan import run_scan


def check_scan(built: ctypes.CDLL, dtype: torch.dtype) -> None:
    """Compare values and gradients with the loop over time, once in each process, whatever mode torch is in.

    Raises:
        CannotBuild: they differ.
    """
    from rnnzoo.ops.scan import run_reference

    lengths = torch.tensor([3, 5, 1], device="cpu")
    for pair in (False, True):
        for sizes in ((3, 5, 11, 3), (3, 5, 11, 1), (1, 1, 11, 3)):
            ours, theirs = (
                _ran(function, sizes, pair, dtype)
                for function in (partial(run_scan, built, lengths), partial(run_reference, lengths))
            )
            check_equal(built, ours, theirs, dtype)


def _ran(
    function: Callable[..., tuple[Tensor, Tensor]], sizes: tuple[int, ...], pair: bool, dtype: torch.dtype
) -> list[Tensor]:
    """States and gradients for coefficients of these sizes: three rows, five steps, eleven times three channels."""
    generator = torch.Generator().manual_seed(0)
    leaves = []
    for shape in (sizes, (3, 5, 11, 3), (3, 11, 3)):
        numbers = torch.rand(*shape, *(2,) * pair, generator=generator, dtype=dtype, device="cpu") - 0.3
        leaves.append((torch.view_as_complex(numbers) if pair else numbers).requires_grad_())
    with torch.enable_grad():
        parts = function(*leaves)
        real = [torch.view_as_real(part) if pair else part for part in parts]
        slopes = [torch.linspace(-1, 1, part.numel(), dtype=dtype, device="cpu").view_as(part) for part in real]
        weighted = [(part * slope).sum() for part, slope in zip(real, slopes, strict=True)]
        return [*(part.detach() for part in parts), *torch.autograd.grad(weighted, leaves)]
