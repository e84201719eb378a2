"""Normalisation of each window by its own past, undone behind the model.

RevIN: T. Kim et al., "Reversible Instance Normalization for Accurate Time-Series Forecasting against Distribution
Shift", ICLR 2022: y = gamma (x - mean) / sqrt(var + eps) + beta, each channel of each window by itself. Subtracting the
last value: A. Zeng et al., arXiv 2205.13504 (NLinear), and SegRNN, arXiv 2308.11200. Dividing by the mean: DeepAR,
arXiv 1704.04110, section 3.3.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rnnzoo.modules.past import last_step
from rnnzoo.ops.ragged import mask
from rnnzoo.registry import unknown

NORMS = ("none", "revin", "last", "mean_scale")


class Place(NamedTuple):
    """What a window's numbers are measured from and by: x = location + scale * normalised, (B, 1, C) each."""

    location: Tensor
    scale: Tensor

    def first(self, channels: int) -> Place:
        """Of the first channels alone."""
        return Place(self.location[..., :channels], self.scale[..., :channels])

    def enter(self, x: Tensor) -> Tensor:
        """x (B, T, C), normalised."""
        return (x - self.location) / self.scale

    def leave(self, x: Tensor) -> Tensor:
        """The opposite of ``enter``."""
        return self.location + self.scale * x


class ReversibleNorm(nn.Module):
    """Where each window's numbers lie, from its past.

    Args:
        kind: "none"; "revin": mean and deviation, then a learned scale and shift a channel; "last": the last value is
            subtracted; "mean_scale": divided by 1 + the mean of the magnitudes.
        channels: C.
        eps: added to the variance.

    Raises:
        UnknownName: no such kind.
    """

    def __init__(self, kind: str, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        if kind not in NORMS:
            raise unknown("norm", kind, NORMS)
        self.kind, self.eps = kind, eps
        self.weight = nn.Parameter(torch.ones(channels)) if kind == "revin" else None
        self.bias = nn.Parameter(torch.zeros(channels)) if kind == "revin" else None

    def forward(self, past: Tensor, lengths: Tensor | None = None) -> Place:
        """The place of each window of ``past`` (B, L, C), whose rows are ``lengths`` (B,) long; ``None``: L."""
        zero, one = torch.zeros_like(past[:, :1]), torch.ones_like(past[:, :1])  # (B, 1, C)
        if self.kind == "none":
            return Place(zero, one)
        if self.kind == "last":
            return Place(last_step(past, lengths)[:, None], one)
        inside = _inside(past, lengths)  # (B, L, 1)
        count = inside.sum(dim=1, keepdim=True)  # (B, 1, 1)
        if self.kind == "mean_scale":
            return Place(zero, 1 + past.abs().mul(inside).sum(dim=1, keepdim=True) / count)
        past = past.where(inside > 0, zero)
        mean = past.sum(dim=1, keepdim=True) / count
        variance = (past - mean).square().mul(inside).sum(dim=1, keepdim=True) / count
        deviation = (variance + self.eps).sqrt()
        if self.weight is None or self.bias is None:
            return Place(mean, deviation)
        # gamma (x - mean) / deviation + beta = (x - location) / scale
        scale = deviation / self.weight
        return Place(mean - scale * self.bias, scale)


def _inside(past: Tensor, lengths: Tensor | None) -> Tensor:
    """1 where a row's own steps are, (B, L, 1)."""
    if lengths is None:
        return torch.ones_like(past[..., :1])
    return mask(lengths.to(past.device, non_blocking=True), past.shape[1])[..., None].to(past.dtype)
