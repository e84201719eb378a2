"""State spaces in native code (``c/selective.c``, ``c/diagonal.c``) as one node of autograd.

Kept are the arguments and the states that chunks of time begin with. Second derivatives are those of the definition.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from rnnzoo.ops._c_build import Missing, checked
from rnnzoo.ops._c_call import share_out
from rnnzoo.ops._c_second import gradients_by
from rnnzoo.ops.backends import BackendError

StateSpace = Literal["selective", "diagonal"]

CHUNK = 64
"""Steps from one state that is kept to the next, as in ``c/state_space.h``."""
GROUP = 16
"""Blocks of channels that one thread takes through time together, at most."""
SMALL = 1 << 12
"""States over all steps from which on a second thread pays for being told."""
LANES = {torch.float32: 8, torch.float64: 4}


@functools.cache
def find_state_space(kind: StateSpace, device: str, dtype: torch.dtype) -> ctypes.CDLL | Missing:
    """The native code for numbers of this dtype, built and checked at its first use, or why there is none."""
    from rnnzoo.ops._c_state_space_check import check_state_space

    return checked(f"{kind}.c", functools.partial(check_state_space, kind), device, dtype)


def run_state_space(kind: StateSpace, lengths: Tensor | None, *tensors: Tensor) -> tuple[Tensor, Tensor]:
    """y and the final states; arguments as those of ``ops.state_space``, of a device and dtype it is made for."""
    built = find_state_space(kind, tensors[0].device.type, tensors[0].dtype)
    if isinstance(built, Missing):
        raise BackendError(built.reason)
    if lengths is not None:
        lengths = lengths.to("cpu", torch.int64).contiguous()
    return run_built(kind, built, lengths, *tensors)


def run_built(kind: StateSpace, built: ctypes.CDLL, lengths: Tensor | None, *tensors: Tensor) -> tuple[Tensor, Tensor]:
    """The same with native code that is at hand."""
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        y, final = StateSpaceC.apply(kind, built, lengths, *tensors)
        return y, final
    return _forward(kind, built, lengths, tensors, keep=False)[:2]


class StateSpaceC(torch.autograd.Function):
    """``apply(kind, built, lengths, u, ..., D, h0) -> (y, final)``, as often differentiable as one likes."""

    @staticmethod
    def forward(
        ctx: Any, kind: StateSpace, built: ctypes.CDLL, lengths: Tensor | None, *tensors: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run the loop; shapes as in ``ops.state_space``."""
        y, final, kept = _forward(kind, built, lengths, tensors, keep=True)
        ctx.kind, ctx.built = kind, built
        ctx.save_for_backward(lengths, kept, *tensors)
        ctx.set_materialize_grads(False)
        return y, final

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor | None, grad_final: Tensor | None) -> tuple[Any, ...]:
        """Gradients of all tensors."""
        lengths, kept, *tensors = ctx.saved_tensors
        if grad_y is None and grad_final is None:
            return (None,) * (3 + len(tensors))
        grad_y = torch.zeros_like(tensors[0]) if grad_y is None else grad_y
        if torch.is_grad_enabled():
            by_scan = functools.partial(definition(ctx.kind), lengths=lengths)
            wanted = ctx.needs_input_grad[3:]
            return (None, None, None, *gradients_by(by_scan, tensors, wanted, (grad_y, grad_final)))
        return (None, None, None, *_backward(ctx.kind, ctx.built, lengths, kept, tensors, grad_y, grad_final))


def _forward(
    kind: StateSpace, built: ctypes.CDLL, lengths: Tensor | None, tensors: Sequence[Tensor], keep: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    """y, the final states, and those that chunks begin with, if they are to be kept."""
    u, h0 = tensors[0], blocked(tensors[-1], 1)
    y, final = u.new_empty(u.shape), torch.empty_like(h0)
    kept = u.new_empty(u.shape[0], -(-u.shape[1] // CHUNK), *h0.shape[1:]) if keep else None
    _run(built.forward, [*_FORMS[kind].arranged(*tensors[:-1]), h0, y, final, kept, lengths], u, h0)
    return y, unblocked(final, 1, u.shape[2]), kept


def _backward(
    kind: StateSpace, built: ctypes.CDLL, lengths: Tensor | None, kept: Tensor, tensors: Sequence[Tensor],
    grad_y: Tensor, grad_final: Tensor | None,
) -> tuple[Tensor, ...]:  # fmt: skip
    """The gradients, by the loop backward."""
    u, form = tensors[0], _FORMS[kind]
    grad_h0 = torch.empty_like(kept[:, 0])  # (B, blocks, N, ..., lanes)
    grad_final = None if grad_final is None else blocked(grad_final, 1)
    grads = form.rooms(u, grad_h0)
    given = [*form.arranged(*tensors[:-1]), kept, grad_y.contiguous(), grad_final]
    _run(built.backward, [*given, *grads, grad_h0, lengths], u, grad_h0)
    return *form.collected(u.shape[2], *grads), unblocked(grad_h0, 1, u.shape[2])


class _Selective:
    """What C gets of u, r, z, A, B, C, D, where it puts their gradients, and these as they are asked for."""

    @staticmethod
    def arranged(u: Tensor, r: Tensor, z: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> tuple[Tensor, ...]:
        plain = (u.contiguous(), r.contiguous(), z.contiguous(), blocked(A, 0))
        return *plain, B.contiguous(), C.contiguous(), D.contiguous()

    @staticmethod
    def rooms(u: Tensor, state: Tensor) -> list[Tensor]:
        batch, blocks, N, lanes = state.shape
        shared = (batch, -(-blocks // GROUP), u.shape[1], N)
        shapes = (u.shape, u.shape, u.shape, state.shape, shared, shared, (batch, blocks, lanes))
        return [u.new_empty(shape) for shape in shapes]

    @staticmethod
    def collected(channels: int, *grads: Tensor) -> tuple[Tensor, ...]:
        u, r, z, A, B, C, D = grads
        return u, r, z, unblocked(A.sum(0), 0, channels), B.sum(1), C.sum(1), D.sum(0).flatten()[:channels]


class _Diagonal:
    """The same of u, a, b, C, D."""

    @staticmethod
    def arranged(u: Tensor, a: Tensor, b: Tensor, C: Tensor, D: Tensor) -> tuple[Tensor, ...]:
        return u.contiguous(), blocked(torch.cat((a, b, C), 2), 0), D.contiguous()  # (blocks, N, 6, lanes)

    @staticmethod
    def rooms(u: Tensor, state: Tensor) -> list[Tensor]:
        batch, blocks, N, _, lanes = state.shape
        return [u.new_empty(shape) for shape in (u.shape, (batch, blocks, N, 6, lanes), (batch, blocks, lanes))]

    @staticmethod
    def collected(channels: int, *grads: Tensor) -> tuple[Tensor, ...]:
        u, weights, D = grads
        return u, *unblocked(weights.sum(0), 0, channels).split(2, 2), D.sum(0).flatten()[:channels]


_FORMS: dict[StateSpace, Any] = {"selective": _Selective, "diagonal": _Diagonal}


def blocked(x: Tensor, dim: int) -> Tensor:
    """Channels E in dimension ``dim`` as blocks there and lanes (..., blocks, ..., lanes), filled up with zeros."""
    lanes = LANES[x.dtype]
    x = x.movedim(dim, -1)
    x = pad(x, (0, -x.shape[-1] % lanes)).unflatten(-1, (-1, lanes))
    return x.movedim(-2, dim).contiguous()


def unblocked(x: Tensor, dim: int, channels: int) -> Tensor:
    """What `blocked` was made of."""
    return x.movedim(dim, -2).flatten(-2)[..., :channels].movedim(-1, dim)


def _run(function: Callable[..., int], arrays: Sequence[Tensor | None], u: Tensor, state: Tensor) -> None:
    """Call the function, on several threads where there is work enough: rows and groups of channels are shared out."""
    batch, time, channels = u.shape
    items = batch * -(-state.shape[1] // GROUP)
    if not u.numel():
        return
    parts = max(1, min(torch.get_num_threads(), items, time * state.numel() // SMALL))
    share_out(function, arrays, (time, channels, state.shape[2], GROUP), items, parts)


def definition(kind: StateSpace) -> Callable[..., tuple[Tensor, Tensor]]:
    """What the native code has to equal."""
    from rnnzoo.ops import state_space

    of: dict[StateSpace, Callable[..., tuple[Tensor, Tensor]]]
    of = {"selective": state_space.selective_by_scan, "diagonal": state_space.diagonal_by_scan}
    return of[kind]
