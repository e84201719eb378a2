"""Metrics as sums of numerators over sums of weights: the same in one process as in several."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torchmetrics import Metric


class Measured(NamedTuple):
    """A metric's value over a whole split."""

    value: float
    n: int  # elements it is the mean over


class WeightedMean(Metric):
    """sum(value * weight) / sum(weight) over every element of every batch of every process.

    The sums are kept in float64 (float32 on Apple's GPUs, which have none), on the device: updating never waits for it.
    """

    full_state_update = False
    total: Tensor
    weight: Tensor
    n: int = 0
    """The sum of the weights when it was last computed."""

    def __init__(self) -> None:
        super().__init__()
        dtype = torch.float32 if torch.backends.mps.is_available() else torch.float64
        self.add_state("total", torch.zeros((), dtype=dtype), dist_reduce_fx="sum")
        self.add_state("weight", torch.zeros((), dtype=dtype), dist_reduce_fx="sum")

    def update(self, total: Tensor, weight: Tensor) -> None:
        """Add a batch: the sum of its elements' values, each times its weight, and the sum of the weights."""
        self.total += total.detach()
        self.weight += weight

    def compute(self) -> Tensor:
        """The mean so far.

        Raises:
            ValueError: no element with a weight has been seen.
        """
        weight = float(self.weight)
        if weight <= 0:
            raise ValueError("a metric was asked for over no element at all; expected a batch with a weight above 0.")
        self.n = round(weight)
        return self.total / self.weight
