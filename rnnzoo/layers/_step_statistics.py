"""Batch norm with the statistics of each time step: over the rows of a batch, and running averages of them.

A row **counts** in a step (1, else 0) where it has not ended; a step in which none counts has no statistics.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.ops.ragged import mask

EPSILON = 1e-5
RATE = 0.1
"""The share of a batch in the running averages, as in torch's batch norm."""


def over_rows(p: Tensor, counts: Tensor, gain: Tensor, shift: Tensor, otherwise: Tensor) -> Tensor:
    """p (B, ...) normalised by the rows that count, times ``gain``, plus ``shift``; ``otherwise`` where none does."""
    rows = counts.sum(0)
    mean, var = moments(p, counts, rows)
    return torch.where(rows > 0, (p - mean) * torch.rsqrt(var + EPSILON) * gain + shift, otherwise)


def moments(p: Tensor, counts: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of p (B, ...) over the rows that count, of which there are ``rows``."""
    rows = rows.clamp(min=1)
    mean = (p * counts).sum(0) / rows
    return mean, ((p - mean).square() * counts).sum(0) / rows


def counted(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Which rows of x (B, T, ...) count in each step, (B, T, 1): those not ended, unless one is left alone."""
    if lengths is None:
        return x.new_full((*x.shape[:2], 1), float(x.shape[0] > 1))
    alive = mask(lengths.to(x.device), x.shape[1])  # (B, T)
    return (alive & (alive.sum(0) > 1)).unsqueeze(-1).to(x.dtype)


class Remembering:
    """How running averages of L steps take in the statistics of a batch.

    Args:
        index: (B, T), the row of the averages that each step of each row belongs to.
        counts: (B, T, 1).
        length: L.
    """

    def __init__(self, index: Tensor, counts: Tensor, length: int) -> None:
        self.counts, self.rows = counts, counts.sum(0)  # (B, T, 1), (T, 1)
        times = torch.arange(index.shape[1], device=index.device).expand_as(index)
        visits = counts.new_zeros(length, index.shape[1])  # (L, T): rows that were at their step l at time t
        visits.index_put_((index, times), counts[..., 0], accumulate=True)
        total = visits.sum(1, keepdim=True)  # (L, 1)
        self.share, self.rate = visits / total.clamp(min=1), RATE * (total > 0).to(counts.dtype)

    def take_in(self, p: Tensor, mean: Tensor, var: Tensor) -> None:
        """Move ``mean`` and ``var`` (L, N) towards those of p (B, T, N); of the variance the unbiased estimate."""
        batch_mean, batch_var = moments(p, self.counts, self.rows)  # (T, N) each
        batch_var = batch_var * self.rows / (self.rows - 1).clamp(min=1)
        mean += self.rate * (self.share @ batch_mean - mean)
        var += self.rate * (self.share @ batch_var - var)
