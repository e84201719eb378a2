"""The scan in native code (``c/scan.c``) as one node of autograd: real, complex, and forward alone over (max, +).

The backward is the same recurrence with time reversed. With u_t the gradient of h_t: u_t = g_t + a_{t+1} * u_{t+1};
then db = u, da_t = u_t * h_{t-1}, dh0 = a_1 * u_1, with the conjugates of a and h where they are complex. Only a, h and
h0 are kept, a as it was given: where it does not vary along a size it is never written out.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.ops._c_build import Missing, checked
from rnnzoo.ops._c_call import share_out
from rnnzoo.ops.backends import BackendError
from rnnzoo.ops.ragged import mask

SMALL = 1 << 15
"""Numbers from which on a second thread pays for being told."""
WIDEST = 4096
"""Channels that go through time together, at most: the state of a step stays in cache."""
PARTS = {torch.complex64: torch.float32, torch.complex128: torch.float64}


@functools.cache
def find_scan(device: str, dtype: torch.dtype) -> ctypes.CDLL | Missing:
    """The native scans for numbers of this dtype, built and checked at their first use, or why there are none."""
    from rnnzoo.ops._c_scan_check import check_scan

    return checked("scan.c", check_scan, device, PARTS.get(dtype, dtype))


def scan_c(a: Tensor, b: Tensor, h0: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """All states and the final ones; arguments as ``ops.scan``'s, of a dtype and device that `find_scan` has."""
    built = find_scan(b.device.type, b.dtype)
    if isinstance(built, Missing):
        raise BackendError(built.reason)
    if lengths is not None:
        lengths = lengths.to("cpu", torch.int64).contiguous()
    return run_scan(built, lengths, a.resolve_conj(), b.resolve_conj(), h0.resolve_conj())


def largest_c(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    """h_t = max(a_t + h_{t-1}, b_t) (B, T, ...) of real numbers, without gradients."""
    built = find_scan(b.device.type, b.dtype)
    if isinstance(built, Missing):
        raise BackendError(built.reason)
    return LargestC.apply(built, a, b, h0)


class LargestC(torch.autograd.Function):
    """``apply(built, a, b, h0) -> h``, not differentiable."""

    @staticmethod
    def forward(built: ctypes.CDLL, a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
        """Run the loop; shapes as in ``ops.scan``."""
        return _forward(built.forward_largest, None, a, b, h0)[0]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], built: Any, *tensors: Tensor) -> tuple[Any, Any]:
        """The mapped dimension as one of channels."""
        return LargestC.apply(built, *_as_channels(info.batch_size, in_dims[1:], tensors)), 2


class ScanC(torch.autograd.Function):
    """``apply(built, lengths, a, b, h0) -> (h, final)``, as often differentiable as one likes."""

    @staticmethod
    def forward(
        ctx: Any, built: ctypes.CDLL, lengths: Tensor | None, a: Tensor, b: Tensor, h0: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run the loop; shapes as in ``ops.scan``."""
        ran = _forward(built.forward_pairs if b.is_complex() else built.forward, lengths, a, b, h0)
        _keep(ctx, (built, lengths, a, b, h0), ran)
        return ran

    @staticmethod
    def backward(ctx: Any, g: Tensor | None, g_final: Tensor | None) -> tuple[Any, ...]:
        """Gradients of a, b and h0."""
        if g is None and g_final is None:
            return (None,) * 5
        a, h, h0 = ctx.saved_tensors
        plain = _have_memory(a, h, h0, g, g_final)
        given = (ctx.built, ctx.lengths, ctx.needs_input_grad[2], a, h, h0, g, g_final)
        if plain and not torch.is_grad_enabled():
            return (None, None, *_backward(*given))
        return (None, None, *(_differentiable if plain else _in_torch)(*given))


class TransformedC(ScanC):
    """The same for torch.func, with the form that its transformations ask for and that takes longer to call."""

    @staticmethod
    def forward(  # type: ignore[override]
        built: ctypes.CDLL, lengths: Tensor | None, a: Tensor, b: Tensor, h0: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run the loop; shapes as in ``ops.scan``."""
        return _forward(built.forward_pairs if b.is_complex() else built.forward, lengths, a, b, h0)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        """Keep what the backward needs."""
        _keep(ctx, inputs, output)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], built: Any, lengths: Any, *tensors: Tensor) -> tuple[Any, Any]:
        """The mapped dimension as one of channels."""
        a, b, h0 = _as_channels(info.batch_size, in_dims[2:], tensors)
        return TransformedC.apply(built, lengths, a, b, h0), (2, 1)


def run_scan(*given: Any) -> tuple[Tensor, Tensor]:
    """``ScanC.apply``, or what stands for it under the transformations of torch.func."""
    h, final = (TransformedC if transformed() else ScanC).apply(*given)
    return h, final


transformed: Callable[[], bool] = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)
"""Whether a transformation of torch.func runs."""


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.built, ctx.lengths, a, _, h0 = inputs
    ctx.save_for_backward(a, output[0], h0)
    ctx.set_materialize_grads(False)


def _have_memory(*tensors: Tensor | None) -> bool:
    """Whether C can read them: those that a transformation of functions wraps have no memory of their own."""
    try:
        for tensor in tensors:
            if tensor is not None:
                tensor.data_ptr()
    except RuntimeError:
        return False
    return True


def _backward(
    built: ctypes.CDLL, lengths: Tensor | None, wants_a: bool, a: Tensor, h: Tensor, h0: Tensor,
    g: Tensor | None, g_final: Tensor | None,
) -> tuple[Tensor | None, Tensor, Tensor]:  # fmt: skip
    """Gradients of a, if it wants one, b and h0, by the loop backward."""
    shared = _shared(a, h)
    (batch, time), (G, R) = h.shape[:2], (shared.groups, shared.repeats)
    steps = time if shared.step else 1
    grad_a = h.new_empty(batch, steps, G) if wants_a else None
    grad_b, grad_h0 = torch.empty_like(h), h.new_empty(h0.shape)
    g, g_row, g_step = (None, 0, 0) if g is None else _strided(g.resolve_conj(), G * R)
    g_final = None if g_final is None else g_final.resolve_conj().contiguous()
    arrays = [shared.a, h, h0.contiguous(), g, g_final, grad_a, grad_b, grad_h0, lengths]
    sizes = (time, G, R, shared.row, shared.step, g_row, g_step)
    _run(built.backward_pairs if h.is_complex() else built.backward, arrays, sizes, batch)
    if grad_a is not None:
        grad_a = grad_a.view(batch, steps, *shared.shape)
        grad_a = grad_a if grad_a.shape == a.shape else grad_a.sum_to_size(a.shape)
    return grad_a, grad_b, grad_h0


def _differentiable(
    built: ctypes.CDLL, lengths: Tensor | None, wants_a: bool, a: Tensor, h: Tensor, h0: Tensor,
    g: Tensor | None, g_final: Tensor | None, states: Callable[..., Tensor] | None = None,
) -> tuple[Tensor | None, Tensor, Tensor]:  # fmt: skip
    """The same gradients made of operations that have gradients themselves."""
    g = torch.zeros_like(h) if g is None else g
    back = a.conj()
    if lengths is not None:  # beyond its length a row keeps its state
        valid = mask(lengths, h.shape[1])
        valid = valid.reshape(valid.shape + (1,) * (h.dim() - 2))  # (B, T, 1...)
        back, g = torch.where(valid, back, 1), torch.where(valid, g, 0)
    last = g[:, -1] if g_final is None else g[:, -1] + g_final  # (B, ...)
    u = last.unsqueeze(1)
    if h.shape[1] > 1:
        rest = (back if back.shape[1] == 1 else back[:, 1:].flip(1)).resolve_conj()
        given = (rest, g[:, :-1].flip(1), last)
        later = states(*given) if states else run_scan(built, None, *given)[0]
        u = torch.cat((later.flip(1), u), 1)  # (B, T, ...)
    grad_h0 = back[:, 0] * u[:, 0]
    if lengths is not None:
        u = torch.where(valid, u, 0)
    grad_a = (u * torch.cat((h0.unsqueeze(1), h[:, :-1]), 1).conj()).sum_to_size(a.shape) if wants_a else None
    return grad_a, u, grad_h0


def _in_torch(*given: Any, states: Callable[..., Tensor] | None = None) -> tuple[Tensor | None, Tensor, Tensor]:
    """The same, without C: by ``states``, or by blocks."""
    from rnnzoo.ops.scan import blocked

    return partial(_differentiable, states=states or blocked)(*given)


class Shared(NamedTuple):
    """Coefficients as C reads them."""

    a: Tensor
    groups: int  # channels with a coefficient of their own
    repeats: int  # channels that share each
    row: int  # stride from row to row, 0 if there is one for all
    step: int  # the same of steps
    shape: tuple[int, ...]  # of the groups, with 1 for each size of the repeats


def _shared(a: Tensor, b: Tensor) -> Shared:
    """Coefficients (B, T, ...), with 1 in place of some of b's sizes; the last ones of these are not written out."""
    inner = a.dim()
    while inner > 2 and a.shape[inner - 1] == 1:
        inner -= 1
    own, repeats = b.shape[2:inner], prod(b.shape[inner:])
    shape = (*own, *(1,) * (a.dim() - inner))
    if a.shape[2:] != shape:
        a = a.expand(*a.shape[:2], *shape)
    groups = prod(own)
    a, row, step = _strided(a, groups)
    return Shared(a, groups, repeats, row if a.shape[0] > 1 else 0, step if a.shape[1] > 1 else 0, shape)


def _strided(x: Tensor, channels: int) -> tuple[Tensor, int, int]:
    """x (B, T, ...) with its channels side by side, and its strides from row to row and from step to step."""
    if not x.is_contiguous():
        x = x.reshape(*x.shape[:2], channels)
        if channels > 1 and x.stride(2) != 1:
            x = x.contiguous()
        return x, x.stride(0), x.stride(1)
    return x, x.shape[1] * channels, channels


def _forward(
    function: Callable[..., int], lengths: Tensor | None, a: Tensor, b: Tensor, h0: Tensor
) -> tuple[Tensor, Tensor]:
    shared = _shared(a, b)
    h, final = b.new_empty(b.shape), b.new_empty(h0.shape)
    b, b_row, b_step = _strided(b, shared.groups * shared.repeats)
    sizes = (b.shape[1], shared.groups, shared.repeats, shared.row, shared.step, b_row, b_step)
    _run(function, [shared.a, b, h0.contiguous(), h, final, lengths], sizes, b.shape[0])
    return h, final


def _run(function: Callable[..., int], arrays: Sequence[Tensor | None], sizes: tuple[int, ...], batch: int) -> None:
    """Call the function, on several threads where there is work enough: rows and blocks of channels are shared out."""
    time, groups, repeats = sizes[:3]
    if not (batch and groups and repeats):
        return
    threads = max(1, min(torch.get_num_threads(), batch * time * groups * repeats // SMALL))
    wide = max(1, min(WIDEST // repeats, groups // -(-threads // batch)))
    blocks = batch * -(-groups // wide)
    parts = min(threads, blocks)
    share_out(function, arrays, (*sizes, wide), blocks, parts)


def _as_channels(size: int, dims: tuple[Any, ...], tensors: Sequence[Tensor]) -> list[Tensor]:
    """a and b (B, T, ...) and h0 (B, ...) with the mapped dimension behind T, of h0 behind B; a may have 1 there."""
    found = []
    for tensor, dim, to, spread in zip(tensors, dims, (2, 2, 1), (1, size, size), strict=True):
        if dim is None:
            tensor = tensor.unsqueeze(to)
            found.append(tensor.expand(*tensor.shape[:to], spread, *tensor.shape[to + 1 :]))
        else:
            found.append(tensor.movedim(dim, to))
    return found
