"""Softmax over all steps so far, as a recurrence that neither overflows nor loses small terms; parallel over time.

U_t = e^(d_t) U_{t-1} + e^(s_t)              the sum of the weights, U_0 = W_0 = 0
W_t = e^(d_t) W_{t-1} + e^(s_t) v_t          the weighted sum of the values; W_t / U_t is their mean

Scores s may be far from zero, so both sums are carried relative to their largest exponent so far, as a state (m, u, w)
with U = e^m u and W = e^m w:

m_t = max(m_{t-1} + d_t, s_t)
u_t = e^(m_{t-1} + d_t - m_t) u_{t-1} + e^(s_t - m_t)
w_t = e^(m_{t-1} + d_t - m_t) w_{t-1} + e^(s_t - m_t) v_t

where no exponent is above zero and one of the two is zero. m is a linear recurrence over (max, +), and once it is known
u and w are one over (*, +) whose coefficients are at most 1: both run in the blocks of `ops.scan`.

Source: Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018, arXiv 1805.02867; with a
decay d: Peng et al., "RWKV: Reinventing RNNs for the Transformer Era", 2023, arXiv 2305.13048.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.ops._c_scan import largest_c, transformed
from rnnzoo.ops._triton_scan import largest_triton
from rnnzoo.ops.ragged import check_lengths, mask
from rnnzoo.ops.scan import HALF, MAX_PLUS, blocked, choose_scan, scan

LARGEST = {"c": largest_c, "triton": largest_triton}


def lowest(dtype: torch.dtype) -> float:
    """The exponent m of an empty sum: so low that nothing weighs less, and finite, so that 0 * m is 0."""
    return torch.finfo(dtype).min / 2


def softmax_scan(
    s: Tensor,
    v: Tensor,
    state: State,
    *,
    decay: Tensor | None = None,
    lengths: Tensor | None = None,
    backend: str | None = None,
) -> tuple[State, State]:
    """Run (m, u, w) over time.

    Half precision is carried in float32 inside and returned as given; under autocast what is half stays float32.

    Args:
        s: scores (B, T, ...).
        v: values (B, T, ..., V), of which each V share one score.
        state: before the first step, m and u (B, ...) and w (B, ..., V). An empty sum is (`lowest`, 0, 0).
        decay: d (B, T, ...), what is added to the exponents of all earlier steps at each; 1 in place of any size where
            it does not vary along it; ``None`` is 0.
        lengths: (B,) int64, each row's number of steps, 1 to T; ``None``: all T. What s, v and decay hold beyond is
            ignored.
        backend: "reference" (the loop over time), "torch" (blocks), "c" (loops in native code, on a CPU), "triton"
            (the same on CUDA), or ``None`` to have it chosen. All are doubly differentiable.

    Returns:
        The states at every step, m and u (B, T, ...) and w (B, T, ..., V), zero beyond a row's length; and those at
        each row's length, shaped as ``state``.

    Raises:
        TypeError: not all tensors have one floating-point dtype.
        ValueError: their shapes do not fit, T is 0, or a length is out of range.
        BackendError: ``backend`` cannot run this.
    """
    chosen = choose_scan(backend, s, "softmax_scan")
    decay = torch.zeros((1,) * s.dim(), dtype=s.dtype, device=s.device) if decay is None else decay
    given = [s, v, decay, *state]
    if torch.is_autocast_enabled(s.device.type):
        given = [value.float() if value.dtype in HALF else value for value in given]
    _check(*given)
    dtype = given[0].dtype
    s, v, decay, m, u, w = (value.float() if dtype in HALF else value for value in given)
    if lengths is not None:  # beyond its length a row keeps its state: no decay, and a score that weighs nothing
        check_lengths(lengths, s.shape[0], s.shape[1])
        valid = mask(lengths.to(s.device), s.shape[1])  # (B, T)
        valid = valid.reshape(valid.shape + (1,) * (s.dim() - 2))  # (B, T, 1...)
        s, decay = torch.where(valid, s, lowest(s.dtype)), torch.where(valid, decay, 0)  # (B, T, ...)
        v = torch.where(valid.unsqueeze(-1), v, 0)  # (B, T, ..., V)
    states = _reference(s, v, decay, m, u, w) if chosen == "reference" else _parallel(s, v, decay, m, u, w, chosen)
    final = tuple(member[:, -1].to(dtype) for member in states)
    if lengths is not None:
        m, u, w = states
        states = torch.where(valid, m, 0), torch.where(valid, u, 0), torch.where(valid.unsqueeze(-1), w, 0)
    return tuple(member.to(dtype) for member in states), final


def _reference(s: Tensor, v: Tensor, decay: Tensor, m: Tensor, u: Tensor, w: Tensor) -> State:
    """The definition, one step after another."""
    states = []
    for s_t, v_t, d_t in zip(s.unbind(1), v.unbind(1), decay.expand_as(s).unbind(1), strict=True):
        before, m = m + d_t, torch.maximum(m + d_t, s_t)  # (B, ...)
        old, new = torch.exp(before - m), torch.exp(s_t - m)
        u = old * u + new
        w = old.unsqueeze(-1) * w + new.unsqueeze(-1) * v_t  # (B, ..., V)
        states.append((m, u, w))
    return tuple(torch.stack(member, 1) for member in zip(*states, strict=True))


def _parallel(s: Tensor, v: Tensor, decay: Tensor, m0: Tensor, u0: Tensor, w0: Tensor, backend: str) -> State:
    """The same as scans: first which of the two is the larger at each step, then m, then u and w together."""
    with torch.no_grad():
        own = None if backend == "triton" and transformed() else LARGEST.get(backend)
        largest = own(decay, s, m0) if own else blocked(decay, s, m0, ring=MAX_PLUS)  # (B, T, ...)
        before = torch.cat((m0.unsqueeze(1), largest[:, :-1]), 1) + decay
        old = (torch.sign(before - s) + 1) / 2  # 1 where the exponents so far are larger, 1/2 where both are the same
    m, _ = scan(old, old * decay + (1 - old) * s, m0, backend=backend)  # (B, T, ...)
    before = torch.cat((m0.unsqueeze(1), m[:, :-1]), 1) + decay
    a, b = torch.exp(before - m).unsqueeze(-1), torch.exp(s - m).unsqueeze(-1)  # (B, T, ..., 1)
    ones = torch.ones((), dtype=v.dtype, device=v.device).expand(*v.shape[:-1], 1)
    sums, _ = scan(
        a, b * torch.cat((ones, v), -1), torch.cat((u0.unsqueeze(-1), w0), -1), backend=backend
    )  # (B, T, ..., 1 + V)
    return m, sums[..., 0], sums[..., 1:]


def _check(s: Tensor, v: Tensor, decay: Tensor, m: Tensor, u: Tensor, w: Tensor) -> None:
    tensors = {"s": s, "v": v, "decay": decay, "m": m, "u": u, "w": w}
    if not s.is_floating_point() or any(value.dtype != s.dtype for value in tensors.values()):
        dtypes = ", ".join(f"{name} {value.dtype}" for name, value in tensors.items())
        raise TypeError(f"dtypes are {dtypes}; expected one floating-point dtype.")
    if s.dim() < 2 or s.shape[1] < 1:
        raise ValueError(f"s has shape {tuple(s.shape)}; expected (batch, time, ...) with at least one time step.")
    if v.dim() != s.dim() + 1 or v.shape[:-1] != s.shape:
        raise ValueError(f"v has shape {tuple(v.shape)}; expected s's shape and one size more, {(*s.shape, 'V')}.")
    if decay.dim() != s.dim() or any(n not in (1, size) for n, size in zip(decay.shape, s.shape, strict=True)):
        raise ValueError(f"decay has shape {tuple(decay.shape)}; expected s's, {tuple(s.shape)}, or 1 for a size.")
    one = (s.shape[0], *s.shape[2:])
    for name, value, shape in (("m", m, one), ("u", u, one), ("w", w, (*one, v.shape[-1]))):
        if value.shape != shape:
            raise ValueError(f"{name} has shape {tuple(value.shape)}; expected {shape}, one step's.")
