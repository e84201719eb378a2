"""Scores of forecasts: of drawn paths and of quantiles, and the naive errors that errors are scaled by.

CRPS: T. Gneiting, A. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 2007; of drawn numbers
without bias: M. Zamo, P. Naveau, Mathematical Geosciences 50 (2018), equation "PWM". MASE: R. Hyndman, A. Koehler,
"Another look at measures of forecast accuracy", IJF 2006.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnzoo.ops.ragged import mask


def crps_of_draws(ordered: Tensor, targets: Tensor) -> Tensor:
    """E|X - y| - E|X - X'| / 2, estimated without bias from S draws (B, S, ...) in rising order, at least two."""
    S = ordered.shape[1]
    ranks = torch.arange(1 - S, S, 2, device=ordered.device, dtype=ordered.dtype)  # 2 i - S - 1
    spread = torch.einsum("bs...,s->b...", ordered, ranks) / (S * (S - 1))
    return (ordered - targets[:, None]).abs().mean(dim=1) - spread


def crps_of_quantiles(quantiles: Tensor, levels: Sequence[float], targets: Tensor) -> Tensor:
    """Twice the mean pinball loss over the levels of quantiles (..., Q), which tends to the CRPS as these get dense."""
    level = torch.tensor(levels, device=quantiles.device, dtype=quantiles.dtype)
    above = targets[..., None] - quantiles
    return 2 * torch.maximum(level * above, (level - 1) * above).mean(dim=-1)


def quantile_of_draws(ordered: Tensor, level: float) -> Tensor:
    """The quantile of draws (B, S, ...) in rising order, interpolated between the two neighbours as NumPy does."""
    place = level * (ordered.shape[1] - 1)
    low = int(place)
    high = min(low + 1, ordered.shape[1] - 1)
    return torch.lerp(ordered[:, low], ordered[:, high], place - low)


def naive_errors(past: Tensor, lengths: Tensor, season: int) -> Tensor:
    """The mean of |x_t - x_(t - season)| over each row's own steps of past (B, L, F), (B, F).

    Rows that have no such pair of steps are compared with the step before; 0 where there is none either.
    """
    whole = (lengths > season).to(past.device)[:, None]
    return torch.where(whole, _each(past, lengths, season), _each(past, lengths, 1))


def _each(past: Tensor, lengths: Tensor, season: int) -> Tensor:
    if past.shape[1] <= season:
        return torch.zeros_like(past[:, 0])
    pairs = mask(lengths.to(past.device), past.shape[1])[:, season:, None].to(past.dtype)
    differences = (past[:, season:] - past[:, :-season]).abs() * pairs
    return differences.sum(dim=1) / pairs.sum(dim=1).clamp(min=1)
