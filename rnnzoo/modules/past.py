"""Pasts of different lengths, (B, L, C) with what is there first: their last steps, and their ends made to meet."""

from __future__ import annotations

import torch
from torch import Tensor


def last_step(x: Tensor, lengths: Tensor | None) -> Tensor:
    """The last of each row's own steps: x (B, L, C) and lengths (B,), ``None``: L each, to (B, C)."""
    if lengths is None:
        return x[:, -1]
    rows = torch.arange(x.shape[0], device=x.device)
    return x[rows, lengths.to(x.device, non_blocking=True) - 1]


def ends_aligned(x: Tensor, lengths: Tensor | None) -> Tensor:
    """The rows of x (B, L, C) moved so that all end at L; what is short is lengthened in front by its first step."""
    if lengths is None:
        return x
    L = x.shape[1]
    steps = torch.arange(L, device=x.device) - (L - lengths.to(x.device, non_blocking=True)[:, None])  # (B, L)
    return x.gather(1, steps.clamp(min=0)[..., None].expand(-1, -1, x.shape[2]))


def one_ahead(known: Tensor, lengths: Tensor | None, L: int) -> Tensor:
    """What is known (B, L + M, K) of the step behind each of the past, (B, L, K); the step behind the last is L."""
    ahead = known[:, 1 : L + 1]
    if lengths is None:
        return ahead
    is_last = torch.arange(L, device=known.device) == lengths.to(known.device, non_blocking=True)[:, None] - 1
    return torch.where(is_last[..., None], known[:, L : L + 1], ahead)


def beside(x: Tensor, static: Tensor) -> Tensor:
    """Static numbers (B, S) beside every step of x (B, T, C): (B, T, C + S)."""
    return torch.cat([x, static[:, None].expand(-1, x.shape[1], -1).to(x.dtype)], dim=-1) if static.shape[1] else x


def filled_forward(targets: Tensor, there: Tensor, before: Tensor) -> Tensor:
    """Targets (B, M, F) with what is not ``there`` (B, M, F) replaced by the number before it, at first ``before``."""
    steps = torch.arange(1, targets.shape[1] + 1, device=targets.device)[None, :, None]
    latest = (steps * there).cummax(dim=1).values  # (B, M, F), 0: none so far
    return torch.cat([before[:, None], targets], dim=1).gather(1, latest)
