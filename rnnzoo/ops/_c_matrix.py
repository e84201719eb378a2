"""The recurrence of a matrix state in native code (``c/matrix.c``) as one node of autograd.

Kept are the arguments, the states that chunks of time begin with, and what each step edits. Second derivatives are
those of the chunks in torch.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._c_build import Missing, checked
from rnnzoo.ops._c_call import share_out
from rnnzoo.ops._c_second import gradients_by
from rnnzoo.ops.backends import BackendError

CHUNK, VALUES = 32, 4
"""Steps from one state that is kept to the next, and vectors of values that go through time together, as in C."""
SMALL = 1 << 16
"""Numbers of states over all steps from which on a second thread pays for being told."""
LANES = {torch.float32: 8, torch.float64: 4}
NAMES = ("q", "k", "v", "log_decay", "a", "b", "bonus", "S0")
"""The order of the arguments here; C gets the decays themselves."""


@functools.cache
def find_matrix(device: str, dtype: torch.dtype) -> ctypes.CDLL | Missing:
    """The native code for numbers of this dtype, built and checked at its first use, or why there is none."""
    from rnnzoo.ops._c_matrix_check import check_matrix

    return checked("matrix.c", check_matrix, device, dtype)


def run_matrix(lengths: Tensor | None, given: dict[str, Tensor], chunk_size: int) -> tuple[Tensor, Tensor]:
    """y (B, T, N, V), zero beyond a row's length, and the state at it (B, N, V, K).

    Args:
        lengths: (B,), or None.
        given: the other arguments of `matrix.matrix_scan` by name, of a device and dtype that `find_matrix` has.
        chunk_size: of second derivatives.
    """
    built = find_matrix(given["q"].device.type, given["q"].dtype)
    if isinstance(built, Missing):
        raise BackendError(built.reason)
    return run_built(built, lengths, given, chunk_size)


def run_built(
    built: ctypes.CDLL, lengths: Tensor | None, given: dict[str, Tensor], chunk_size: int
) -> tuple[Tensor, Tensor]:
    """The same with native code that is at hand."""
    if lengths is not None:
        lengths = lengths.to("cpu", torch.int64).contiguous()
    tensors = [given.get(name) for name in NAMES]
    if torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in tensors):
        y, S = MatrixC.apply(built, chunk_size, lengths, *tensors)
        return y, S
    return _forward(built, lengths, tensors, keep=False)[:2]


class MatrixC(torch.autograd.Function):
    """``apply(built, chunk_size, lengths, q, ..., S0) -> (y, S)``, as often differentiable as one likes."""

    @staticmethod
    def forward(
        ctx: Any, built: ctypes.CDLL, chunk_size: int, lengths: Tensor | None, *tensors: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Run the loop; shapes as in ``ops.matrix``."""
        y, S, kept, edited = _forward(built, lengths, tensors, keep=True)
        ctx.built, ctx.chunk_size = built, chunk_size
        ctx.save_for_backward(lengths, kept, edited, *tensors)
        ctx.set_materialize_grads(False)
        return y, S

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor | None, grad_S: Tensor | None) -> tuple[Any, ...]:
        """Gradients of all tensors."""
        lengths, kept, edited, *tensors = ctx.saved_tensors
        if grad_y is None and grad_S is None:
            return (None,) * (3 + len(tensors))
        grad_y = torch.zeros_like(tensors[2]) if grad_y is None else grad_y
        wanted = ctx.needs_input_grad[3:]
        if torch.is_grad_enabled():
            from rnnzoo.ops.matrix import matrix_scan

            def chunks(*tensors: Tensor | None) -> tuple[Tensor, Tensor]:
                arguments: dict[str, Any] = dict(zip(NAMES, tensors, strict=True))
                return matrix_scan(**arguments, lengths=lengths, chunk_size=ctx.chunk_size, backend="torch")

            return (None, None, None, *gradients_by(chunks, tensors, wanted, (grad_y, grad_S)))
        return (None, None, None, *_backward(ctx.built, lengths, kept, edited, tensors, grad_y, grad_S, wanted))


def _forward(
    built: ctypes.CDLL, lengths: Tensor | None, tensors: Sequence[Tensor | None], keep: bool
) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """y, the last states, those that chunks begin with and the edits, if they are to be kept."""
    laid = _Laid(tensors)
    (B, T, N, K), V = laid.shape, laid.values
    y, S0 = laid.like.new_empty(B, T, N, V), _given(tensors, "S0").contiguous()
    S = torch.empty_like(S0)
    kept = y.new_empty(B, N, -(-T // CHUNK), V, K) if keep else None
    edited = torch.empty_like(y) if keep and laid.arrays[4] is not None else None
    blocks = -(-V // (VALUES * LANES[y.dtype]))
    _run(built.forward, [*laid.arrays, S0, y, S, kept, edited, lengths], laid.sizes, B * N * blocks, T * S.numel())
    return y, S, kept, edited


def _backward(
    built: ctypes.CDLL, lengths: Tensor | None, kept: Tensor, edited: Tensor | None, tensors: Sequence[Tensor | None],
    grad_y: Tensor, grad_S: Tensor | None, wanted: Sequence[bool],
) -> list[Tensor | None]:  # fmt: skip
    """The gradients, by the loop backward."""
    laid = _Laid(tensors)
    B, T, N, K = laid.shape
    like, decay = laid.like, tensors[3]
    widths = (K, K, laid.values, 0 if decay is None else decay.shape[-1], K, K)
    grads = [
        None if array is None else like.new_empty(B, T, N, width)
        for array, width in zip(laid.arrays[:6], widths, strict=True)
    ]
    if not wanted[3]:
        grads[3] = None
    bonus, S0 = None if laid.arrays[6] is None else like.new_empty(B, N, K), like.new_empty(B, N, laid.values, K)
    grad_S = None if grad_S is None else grad_S.contiguous()
    arrays = [*laid.arrays, kept, edited, grad_y.contiguous(), grad_S, *grads, bonus, S0, lengths]
    _run(built.backward, arrays, laid.sizes, B * N, T * S0.numel())
    if grads[3] is not None and decay is not None and grads[3].shape != decay.shape:
        grads[3] = grads[3].sum_to_size(decay.shape)
    return [*grads, None if bonus is None else bonus.sum(0), S0]


class _Laid:
    """The arguments (B, T, N, width) and the bonus as C reads them: as they lie, the last size side by side."""

    def __init__(self, tensors: Sequence[Tensor | None]) -> None:
        self.like = _given(tensors, "q")
        self.shape, self.values = self.like.shape, _given(tensors, "v").shape[-1]
        B, T, N, K = self.shape
        self.arrays: list[Tensor | None] = []
        strides: list[int] = []
        for name, tensor in zip(NAMES[:6], tensors, strict=False):
            if tensor is not None:
                tensor = tensor.exp() if name == "log_decay" else tensor
                tensor = tensor if tensor.shape[-1] == 1 or tensor.stride(-1) == 1 else tensor.contiguous()
                tensor = tensor.expand(B, T, N, -1)
            self.arrays.append(tensor)
            strides += (0, 0, 0) if tensor is None else tensor.stride()[:3]
        bonus, decay = tensors[6], self.arrays[3]
        self.arrays.append(None if bonus is None else bonus.contiguous())
        self.sizes = (T, N, K, self.values, int(decay is not None and decay.shape[-1] > 1), *strides)


def _given(tensors: Sequence[Tensor | None], name: str) -> Tensor:
    found = tensors[NAMES.index(name)]
    if found is None:
        raise TypeError(f"{name} is missing.")
    return found


def _run(
    function: Callable[..., int], arrays: Sequence[Tensor | None], sizes: Sequence[int], items: int, states: int
) -> None:
    """Call the function, on several threads where there is work enough."""
    if not items:
        return
    parts = max(1, min(torch.get_num_threads(), items, states // SMALL))
    share_out(function, arrays, sizes, items, parts)
