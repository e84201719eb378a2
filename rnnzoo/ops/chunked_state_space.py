"""Linear state spaces of many channels, each with a dense step of its own, over chunks of time.

h_t = M h_{t-1} + b u_t,  y_t = c . h_t                M (N, N), b and c (N,) of each channel; u and y are numbers

In a chunk of Q steps y is the product of a triangular matrix, K_ij = c M^(i-j) b, with the chunk's inputs, plus what
the state before it gives, c M^(i+1) h; the state after it is M^Q h plus the sum of M^(Q-1-j) b u_j. The powers are
found by doubling, so that a sequence of T steps takes T / Q products in turn, and memory for the states between chunks
alone.

Source: the block form of a linear recurrence as in Blelloch, "Prefix Sums and Their Applications", 1990, section 1.4.
"""

from __future__ import annotations

import torch
from torch import Tensor

CHUNK = 64
"""Q, at most; a power of 2."""


def chunked_state_space(
    M: Tensor, b: Tensor, c: Tensor, u: Tensor, h0: Tensor, lengths: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Run the recurrence over whole sequences.

    Args:
        M: (H, N, N).
        b: (H, N).
        c: (H, N).
        u: the inputs (B, T, H), finite everywhere.
        h0: the states before the first step (B, H, N).
        lengths: (B,) int64, each row's number of steps, 1 to T; None: all T.

    Returns:
        y (B, T, H), which holds anything beyond a row's length, and the states (B, H, N) at each row's length.
    """
    B, T, _ = u.shape
    Q = 1
    while min(T, CHUNK) > Q:
        Q *= 2
    powers, written, read = _tables(M, b, c, Q)  # M^1, M^2, M^4, ..., M^Q; (H, Q, N): M^k b; c M^(k + 1)
    places = torch.arange(Q, device=u.device)
    back = places.unsqueeze(1) - places  # i - j
    kernel = (written @ c.unsqueeze(-1)).squeeze(-1)  # (H, Q): c M^k b
    K = torch.where(back < 0, 0, kernel[:, back.clamp(min=0)])  # (H, Q, Q)
    count = -(-T // Q)
    chunks = torch.nn.functional.pad(u, (0, 0, 0, count * Q - T)).unflatten(1, (count, Q))  # (B, count, Q, H)
    added = torch.einsum("hjn,bcjh->cbhn", written.flip(1), chunks)
    starts = [h0]
    for more in added[:-1]:
        starts.append(torch.einsum("hmn,bhn->bhm", powers[-1], starts[-1]) + more)
    before = torch.stack(starts, 1)  # (B, count, H, N)
    y = torch.einsum("hij,bcjh->bcih", K, chunks) + torch.einsum("hin,bchn->bcih", read, before)
    ends = torch.full((B,), T, device=u.device) if lengths is None else lengths.to(u.device)
    return y.flatten(1, 2)[:, :T], _final(powers, written, u, before, ends)


def _tables(M: Tensor, b: Tensor, c: Tensor, Q: int) -> tuple[list[Tensor], Tensor, Tensor]:
    powers, written, read = [M], b.unsqueeze(1), (c.unsqueeze(1) @ M)
    while written.shape[1] < Q:
        power = powers[-1]
        written = torch.cat((written, written @ power.mT), 1)
        read = torch.cat((read, read @ power), 1)
        powers.append(power @ power)
    return powers, written, read


def _final(powers: list[Tensor], written: Tensor, u: Tensor, before: Tensor, ends: Tensor) -> Tensor:
    """The states at each row's end: the one before its last chunk, on by the steps it has there, 1 to Q of them."""
    rows, Q = torch.arange(len(u), device=u.device), written.shape[1]
    chunk = (ends - 1) // Q
    steps = ends - chunk * Q  # (B,)
    h = before[rows, chunk]  # (B, H, N)
    for i, power in enumerate(powers):
        taken = (steps >> i) % 2 == 1
        h = torch.where(taken[:, None, None], torch.einsum("hmn,bhn->bhm", power, h), h)
    k = torch.arange(Q, device=u.device)
    last = u[rows.unsqueeze(1), (ends.unsqueeze(1) - 1 - k).clamp(min=0)]  # (B, Q, H): the newest first
    last = torch.where((k < steps.unsqueeze(1)).unsqueeze(-1), last, 0)
    return h + torch.einsum("hkn,bkh->bhn", written, last)
