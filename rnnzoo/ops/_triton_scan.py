"""The scan in Triton (``_triton_scan_kernels.py``) as one node of autograd: real, complex, and forward over (max, +).

Rows and blocks of channels are programs; where they are too few to fill a GPU, time is cut into parts too: each part is
composed into one step, the recurrence runs over the parts, and then through all parts at once. Only a, h and h0 are
kept. Under the transformations of torch.func the blocks of ``ops.scan`` run instead.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.ops._c_build import CannotBuild, Missing, apart
from rnnzoo.ops._c_scan import PARTS, _have_memory, _in_torch, _shared, _strided
from rnnzoo.ops._triton_kernel import check_machine
from rnnzoo.ops.backends import BackendError

TIME = 64
"""Steps of a tile; of complex numbers half as many, which take as much room."""
WIDE = 32
"""Channels of a tile."""
ENOUGH = 4
"""Programs for each multiprocessor that keep it busy."""


@functools.cache
def find_triton_scan(device: str, dtype: torch.dtype) -> Any:
    """The Triton functions of scans over numbers of this dtype, checked at their first use, or why there are none."""
    try:
        reason = check_machine(device, PARTS.get(dtype, dtype))
        if reason:
            return Missing(reason, here=False)
        from rnnzoo.ops import _triton_scan_kernels as kernels
        from rnnzoo.ops._triton_scan_check import check_scan

        apart(check_scan, device)
    except CannotBuild as error:
        return Missing(str(error), here=True)
    return kernels


def scan_triton(a: Tensor, b: Tensor, h0: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """All states and the final ones; arguments as ``ops.scan``'s, of a dtype and device that `find_triton_scan` has."""
    if lengths is not None:
        lengths = lengths.to(b.device, torch.int64).contiguous()
    h, final = ScanTriton.apply(lengths, a.resolve_conj(), b.resolve_conj(), h0.resolve_conj())
    return h, final


def largest_triton(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    """h_t = max(a_t + h_{t-1}, b_t) (B, T, ...) of real numbers, without gradients."""
    found = find_triton_scan(b.device.type, b.dtype)
    if isinstance(found, Missing):
        raise BackendError(found.reason)
    return _forward("largest", None, a, b, h0)[0]


class ScanTriton(torch.autograd.Function):
    """``apply(lengths, a, b, h0) -> (h, final)``, as often differentiable as one likes."""

    @staticmethod
    def forward(ctx: Any, lengths: Tensor | None, a: Tensor, b: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:
        """Run the recurrence; shapes as in ``ops.scan``."""
        h, final = _forward("pairs" if b.is_complex() else "real", lengths, a, b, h0)
        ctx.lengths = lengths
        ctx.save_for_backward(a, h, h0)
        ctx.set_materialize_grads(False)
        return h, final

    @staticmethod
    def backward(ctx: Any, g: Tensor | None, g_final: Tensor | None) -> tuple[Any, ...]:
        """Gradients of a, b and h0."""
        if g is None and g_final is None:
            return (None,) * 4
        a, h, h0 = ctx.saved_tensors
        given = (ctx.lengths, ctx.needs_input_grad[1], a, h, h0, g, g_final)
        if not _have_memory(a, h, h0, g, g_final):
            return (None, *_in_torch(None, *given))
        if torch.is_grad_enabled():
            return (None, *_in_torch(None, *given, states=_states))
        return (None, *_backward(*given))


def _states(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    return scan_triton(a, b, h0, None)[0]


class _Tiles(NamedTuple):
    """How channels and time are shared out."""

    time: int  # steps of a tile
    wide: int  # channels of a tile
    blocks: int  # of channels
    parts: int  # of the time
    steps: int  # of a part

    def grid(self, batch: int) -> tuple[int, int]:
        return batch * self.parts, self.blocks


def _tiles(b: Tensor, channels: int, form: str) -> _Tiles:
    """The layout for b (B, T, C): parts of the time only of real numbers, and where else too few programs run."""
    batch, length = b.shape[:2]
    time = min(TIME // (2 if form == "pairs" else 1), max(16, _power(length)))
    wide = min(WIDE, _power(channels))
    blocks = -(-channels // wide)
    parts = 1
    if form == "real" and b.is_cuda:
        wanted = ENOUGH * torch.cuda.get_device_properties(b.device).multi_processor_count
        parts = max(1, min(wanted // max(1, batch * blocks), length // (4 * time)))
    return _cut(_Tiles(time, wide, blocks, 1, 0), length, parts)


def _cut(tiles: _Tiles, length: int, parts: int) -> _Tiles:
    """Time in parts of whole tiles, at most so many."""
    steps = -(-length // (parts * tiles.time)) * tiles.time
    return tiles._replace(parts=-(-length // steps), steps=steps)


def _power(number: int) -> int:
    return 1 << (number - 1).bit_length()


def _kernels() -> Any:
    from rnnzoo.ops import _triton_scan_kernels

    return _triton_scan_kernels


def _launch(function: Any, tiles: _Tiles, batch: int, *given: Any, **options: Any) -> None:
    some = given[0]
    launch = {"num_warps": 4, "enable_fp_fusion": True} if some.is_cuda else {}
    real = [torch.view_as_real(t) if isinstance(t, Tensor) and t.is_complex() else t for t in given]
    function[tiles.grid(batch)](*real, tiles.parts, tiles.steps, TIME=tiles.time, WIDE=tiles.wide, **options, **launch)


def _forward(form: str, lengths: Tensor | None, a: Tensor, b: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:
    shared = _shared(a, b)
    h, final = b.new_empty(b.shape), b.new_empty(h0.shape)
    channels = shared.groups * shared.repeats
    if not b.numel():
        return h, h0.clone() if not b.shape[1] else final
    tiles = _tiles(b, channels, form)
    b, b_row, b_step = _strided(b, channels)
    about = (b.shape[1], channels, shared.repeats, shared.row, shared.step, b_row, b_step)
    before = h0.contiguous()
    ends = before if lengths is None else lengths
    batch, ragged = b.shape[0], lengths is not None
    if tiles.parts > 1:
        before = _before(tiles, batch, (shared.a, b), before, ends, about, RAGGED=ragged, BACK=False)
    given = (shared.a, b, before, h, final, ends, *about)
    _launch(_kernels().forward, tiles, batch, *given, FORM=form, RAGGED=ragged, AHEAD=3)
    return h, final


def _before(
    tiles: _Tiles, batch: int, given: tuple[Tensor, Tensor], first: Tensor, ends: Tensor, about: tuple[int, ...],
    **options: bool,
) -> Tensor:  # fmt: skip
    """The state (B, parts, C) before each part of the time, of the one before the first, (B, C)."""
    channels = about[1]
    a = first.new_empty(batch, tiles.parts, channels)
    b = torch.empty_like(a)
    _launch(_kernels().compositions, tiles, batch, *given, a, b, ends, *about, AHEAD=3, **options)
    first = first.view(batch, channels)
    whole = _Tiles(tiles.time, tiles.wide, tiles.blocks, 1, 0)
    h, final = torch.empty_like(a), torch.empty_like(first)
    row = tiles.parts * channels
    sizes = (tiles.parts, channels, 1, row, channels, row, channels)
    over = _cut(whole, tiles.parts, 1)
    _launch(_kernels().forward, over, batch, a, b, first, h, final, first, *sizes, FORM="real", RAGGED=False, AHEAD=1)
    return torch.cat((first.unsqueeze(1), h[:, :-1]), 1)


def _backward(
    lengths: Tensor | None, wants_a: bool, a: Tensor, h: Tensor, h0: Tensor, g: Tensor | None, g_final: Tensor | None
) -> tuple[Tensor | None, Tensor, Tensor]:
    """Gradients of a, if it wants one, b and h0, by the kernel backward."""
    shared = _shared(a, h)
    channels = shared.groups * shared.repeats
    grad_b, grad_h0 = torch.empty_like(h), h.new_empty(h0.shape)
    if not h.numel():
        return torch.zeros_like(a) if wants_a else None, grad_b, grad_h0.zero_()
    batch, form = h.shape[0], "pairs" if h.is_complex() else "real"
    tiles = _tiles(h, channels, form)
    g = torch.zeros_like(h) if g is None else g.resolve_conj()
    g, g_row, g_step = _strided(g, channels)
    about = (h.shape[1], channels, shared.repeats, shared.row, shared.step, g_row, g_step)
    after = torch.zeros_like(h0) if g_final is None else g_final.resolve_conj()
    after = after.contiguous()
    ends, ragged = (after if lengths is None else lengths), lengths is not None
    if tiles.parts > 1:
        after = _before(tiles, batch, (shared.a, g), after, ends, about, RAGGED=ragged, BACK=True)
    grad_a = torch.empty_like(h) if wants_a else None
    given = (shared.a, h, h0.contiguous(), g, after, h if grad_a is None else grad_a, grad_b, grad_h0, ends, *about)
    _launch(_kernels().backward, tiles, batch, *given, FORM=form, RAGGED=ragged, AHEAD=3, WANTS_A=wants_a)
    if grad_a is not None and grad_a.shape != a.shape:
        grad_a = grad_a.sum_to_size(a.shape)
    return grad_a, grad_b, grad_h0
