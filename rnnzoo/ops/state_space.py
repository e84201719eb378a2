"""Diagonal state spaces from input to output: each channel has N states of its own, which nobody else needs to see.

selective (S6):   dt_t = softplus(r_t)                                   for each channel
                  h_t = exp(dt_t A) * h_{t-1} + dt_t u_t B_t             A (E, N); B_t of the step, for all channels
                  y_t = (C_t . h_t + D u_t) silu(z_t)
diagonal (S4D):   h_t = a * h_{t-1} + b u_t                              over complex numbers
                  y_t = Re(C . h_t) + D u_t

What is written here is the definition, over `ops.scan`, whose states (B, T, E, N) are N times as large as the input.
Native code (``c/selective.c``, ``c/diagonal.c``) goes through time with them in registers and keeps those of every 64th
step, from which the way back computes the others again.

Source: Gu, Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023, arXiv 2312.00752, section
3.3.2; Gu, Gupta, Goel, Ré, "On the Parameterization and Initialization of Diagonal State Space Models", 2022, arXiv
2206.11893.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import silu, softplus

from rnnzoo.ops._c_build import Missing, tell_once
from rnnzoo.ops._c_scan import transformed
from rnnzoo.ops._c_state_space import StateSpace, find_state_space, run_state_space
from rnnzoo.ops.backends import BackendError
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.ops.scan import choose_scan, complex_scan, scan


def selective_state_space(
    u: Tensor, r: Tensor, z: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, h0: Tensor,
    *, lengths: Tensor | None = None, backend: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The selective state space, between its convolution and its last product.

    Args:
        u, r, z: input, what the step size is softplus of, and what the output gate is silu of (B, T, E).
        A: rates (E, N), below zero.
        B, C: what the states take in and give out at each step (B, T, N).
        D: what of the input passes by (E,).
        h0: the states before the first step (B, E, N).
        lengths: (B,) int64, each row's number of steps, 1 to T, what lies beyond being finite; ``None``: all T.
        backend: "reference", "torch" (both by ``ops.scan``), "c" or ``None`` to have it chosen; all doubly
            differentiable.

    Returns:
        y (B, T, E), zero beyond a row's length, and the states at each row's length (B, E, N).

    Raises:
        TypeError, ValueError: dtypes differ, or shapes do not fit.
        BackendError: ``backend`` cannot run this.
    """
    size = {"B": u.shape[0], "T": u.shape[1], "E": u.shape[-1], "N": A.shape[-1]}
    named = {"u": u, "r": r, "z": z, "A": A, "B": B, "C": C, "D": D, "h0": h0}
    _check(named, ("BTE", "BTE", "BTE", "EN", "BTN", "BTN", "E", "BEN"), size)
    given = (u, r, z, A, B, C, D, h0)
    if _chosen("selective", u, backend) == "c":
        return run_state_space("selective", lengths, *given)
    return selective_by_scan(*given, lengths=lengths, backend=backend)


def diagonal_state_space(
    u: Tensor, a: Tensor, b: Tensor, C: Tensor, D: Tensor, h0: Tensor,
    *, lengths: Tensor | None = None, backend: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The diagonal state space of each channel.

    Args:
        u: input (B, T, E).
        a, b, C: complex numbers as pairs (E, N, 2).
        D: what of the input passes by (E,).
        h0: the states before the first step, pairs (B, E, N, 2).
        lengths, backend: as in `selective_state_space`.

    Returns:
        y (B, T, E), zero beyond a row's length, and the states at each row's length (B, E, N, 2).

    Raises:
        TypeError, ValueError, BackendError: as `selective_state_space`.
    """
    size = {"B": u.shape[0], "T": u.shape[1], "E": u.shape[-1], "N": a.shape[-2], "2": 2}
    named = {"u": u, "a": a, "b": b, "C": C, "D": D, "h0": h0}
    _check(named, ("BTE", "EN2", "EN2", "EN2", "E", "BEN2"), size)
    if _chosen("diagonal", u, backend) == "c":
        return run_state_space("diagonal", lengths, u, a, b, C, D, h0)
    return diagonal_by_scan(u, a, b, C, D, h0, lengths=lengths, backend=backend)


def state_space_in_c(kind: StateSpace, like: Tensor) -> bool:
    """Whether native code runs a state space of such numbers here; says once if it is this machine that cannot."""
    if transformed():
        return False
    found = find_state_space(kind, like.device.type, like.dtype)
    if isinstance(found, Missing) and found.here:
        tell_once(found.reason)
    return not isinstance(found, Missing)


def _chosen(kind: StateSpace, u: Tensor, backend: str | None) -> str:
    """As `choose_scan`, whose "torch" is the same here, for native code of its own."""
    chosen = choose_scan(backend, u, f"a {kind} state space")
    if chosen != "c" or state_space_in_c(kind, u):
        return chosen
    if backend == "c":
        found = find_state_space(kind, u.device.type, u.dtype)
        reason = found.reason if isinstance(found, Missing) else "a transformation of torch.func runs"
        raise BackendError(f"a {kind} state space cannot run with backend='c': {reason}. backend='torch' can.")
    return "torch"


def selective_by_scan(
    u: Tensor, r: Tensor, z: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, h0: Tensor,
    *, lengths: Tensor | None = None, backend: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The definition of `selective_state_space`, with the backend of ``ops.scan``."""
    dt = softplus(r)
    decay = torch.exp(dt.unsqueeze(-1) * A)  # (B, T, E, N)
    h, final = scan(decay, (dt * u).unsqueeze(-1) * B.unsqueeze(-2), h0, lengths=lengths, backend=backend)
    y = ((h @ C.unsqueeze(-1)).squeeze(-1) + D * u) * silu(z)  # (B, T, E)
    return (y if lengths is None else zero_padding(y, lengths)), final


def diagonal_by_scan(
    u: Tensor, a: Tensor, b: Tensor, C: Tensor, D: Tensor, h0: Tensor,
    *, lengths: Tensor | None = None, backend: str | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The definition of `diagonal_state_space`, with the backend of ``ops.scan``."""
    h, final = complex_scan(a[None, None], b * u[..., None, None], h0, lengths=lengths, backend=backend)
    y = (h.flatten(-2) * (C * C.new_tensor([1.0, -1.0])).flatten(-2)).sum(-1) + D * u  # (B, T, E)
    return (y if lengths is None else zero_padding(y, lengths)), final


def _check(named: dict[str, Tensor], letters: tuple[str, ...], size: dict[str, int]) -> None:
    u = named["u"]
    if not u.is_floating_point() or any(value.dtype != u.dtype for value in named.values()):
        dtypes = ", ".join(f"{name} {value.dtype}" for name, value in named.items())
        raise TypeError(f"dtypes are {dtypes}; expected one floating-point dtype.")
    if u.dim() != 3 or not u.shape[1]:
        raise ValueError(f"u has shape {tuple(u.shape)}; expected (batch, time, channels) with at least one time step.")
    for (name, value), sizes in zip(named.items(), letters, strict=True):
        expected = tuple(size[letter] for letter in sizes)
        if value.shape != expected:
            raise ValueError(f"{name} has shape {tuple(value.shape)}; expected ({', '.join(sizes)}) = {expected}.")
