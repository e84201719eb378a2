"""The short convolution and its SiLU in native code (``c/short_convolution.c``) as one node of autograd.

Kept are the arguments alone; the way back convolves again. Second derivatives are those of the definition.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._c_build import check_equal, checked
from rnnzoo.ops._c_call import share_out
from rnnzoo.ops._c_second import gradients_by

BLOCK = {torch.float32: 32, torch.float64: 16}
"""Channels that a thread takes through time together, as in C."""
SMALL = 1 << 16
"""Numbers of outputs from which on a second thread pays for being told."""


@functools.cache
def find_short_convolution(device: str, dtype: torch.dtype) -> Any:
    """The native code for numbers of this dtype, built and checked at its first use, or why there is none."""
    return checked("short_convolution.c", _check, device, dtype)


class ShortConvolutionC(torch.autograd.Function):
    """``apply(built, x, weight, bias) -> y``, as often differentiable as one likes."""

    @staticmethod
    def forward(ctx: Any, built: ctypes.CDLL, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Run the loop; shapes as in ``ops.short_convolution``."""
        x, weight = x.contiguous(), weight.contiguous()
        y = x.new_empty(x.shape[0], x.shape[1] - weight.shape[1] + 1, x.shape[2])
        _run(built.forward, [x, weight, bias, y], y, weight.shape[1])
        ctx.built = built
        ctx.save_for_backward(x, weight, bias)
        return y

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Any, ...]:
        """Gradients of x, weight and bias."""
        x, weight, bias = ctx.saved_tensors
        if torch.is_grad_enabled():
            from rnnzoo.ops.short_convolution import by_taps

            return (None, *gradients_by(by_taps, (x, weight, bias), ctx.needs_input_grad[1:], (grad_y,)))
        taps = weight.shape[1]
        grad_x, rows = torch.empty_like(x), x.new_empty(x.shape[0], taps + 1, x.shape[2])
        _run(ctx.built.backward, [x, weight, bias, grad_y.contiguous(), grad_x, rows], grad_y, taps)
        grads = rows.sum(0)  # (taps + 1, C)
        return None, grad_x, grads[:taps].T.contiguous(), None if bias is None else grads[taps]


def _run(function: Callable[..., int], arrays: Sequence[Tensor | None], y: Tensor, taps: int) -> None:
    batch, time, channels = y.shape
    items = batch * -(-channels // BLOCK[y.dtype])
    if items:
        parts = max(1, min(torch.get_num_threads(), items, y.numel() // SMALL))
        share_out(function, arrays, (time, channels, taps), items, parts)


def _check(built: ctypes.CDLL, dtype: torch.dtype) -> None:
    """Compare with the definition, in values and gradients.

    Raises:
        CannotBuild: they differ.
    """
    from rnnzoo.ops.short_convolution import by_taps

    numbers = torch.linspace(-2, 2, 3 * 7 * 37 + 37 * 3 + 37, dtype=dtype, device="cpu").mul(5).sin()
    parts = numbers.split((3 * 7 * 37, 37 * 3, 37))
    x, weight, bias = (part.reshape(shape) for part, shape in zip(parts, ((3, 7, 37), (37, 3), (37,)), strict=True))
    leaves = [tensor.requires_grad_() for tensor in (x, weight, bias)]
    with torch.enable_grad():
        results = [ShortConvolutionC.apply(built, *leaves), by_taps(*leaves)]
        slope = torch.linspace(-1, 1, results[0].numel(), dtype=dtype, device="cpu").view_as(results[0])
        ours, theirs = ([y.detach(), *torch.autograd.grad(y, leaves, slope)] for y in results)
    check_equal(built, ours, theirs, dtype)
