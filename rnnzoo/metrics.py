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


class MacroF1(Metric):
    """The mean over the classes of 2 right / (answered + there are), of every row of every batch of every process.

    Classes that are neither answered nor there have no share in it, as in scikit-learn's ``f1_score(average="macro")``.

    Args:
        classes: V.
    """

    full_state_update = False
    counts: Tensor
    n: int = 0
    """The sum of the weights when it was last computed."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        dtype = torch.float32 if torch.backends.mps.is_available() else torch.float64
        # of each class: right answers, answers, rows; the confusion matrix's diagonal and the sums of its two sides
        self.add_state("counts", torch.zeros(3, classes, dtype=dtype), dist_reduce_fx="sum")

    def update(self, answers: Tensor, targets: Tensor, weights: Tensor) -> None:
        """Add rows: ``answers`` and ``targets`` (...) int64 classes, ``weights`` (...), 0 on what is none."""
        weights = weights.flatten().to(self.counts.dtype)
        answers, targets = answers.flatten(), targets.flatten()
        self.counts[0].index_add_(0, targets, weights * (answers == targets))
        self.counts[1].index_add_(0, answers, weights)
        self.counts[2].index_add_(0, targets, weights)

    def compute(self) -> Tensor:
        """The mean so far.

        Raises:
            ValueError: no row with a weight has been seen.
        """
        right, answered, there = self.counts  # (V,)
        self.n = round(float(there.sum()))
        if self.n <= 0:
            raise ValueError("a metric was asked for over no row at all; expected a batch with a weight above 0.")
        both = answered + there
        return (2 * right[both > 0] / both[both > 0]).mean()


class Perplexity(WeightedMean):
    """exp of the mean of -log p over every token of every batch of every process."""

    def compute(self) -> Tensor:
        """The perplexity so far; infinite where it is beyond a float's range.

        Raises:
            ValueError: no element with a weight has been seen.
        """
        return super().compute().exp()


class SpanScore(Metric):
    """Precision, recall or F1 of spans, as conlleval counts them: over all spans of all batches of all processes.

    A span is right if its first and last step and its label are. What has no denominator is 0.

    Args:
        score: "f1", "precision" or "recall".
    """

    full_state_update = False
    counts: Tensor
    n: int = 0
    """The spans that there are, when it was last computed."""

    def __init__(self, score: str) -> None:
        super().__init__()
        self.score = score
        self.add_state("counts", torch.zeros(3, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, right: int, answered: int, there: int) -> None:
        """Add a batch: how many spans are right, are answered, and are there."""
        self.counts += torch.tensor([right, answered, there]).to(self.counts.device)

    def compute(self) -> Tensor:
        """The score so far."""
        right, answered, there = self.counts.tolist()
        self.n = there
        below = {"f1": (answered + there) / 2, "precision": answered, "recall": there}[self.score]
        return torch.tensor(right / below if below else 0.0, dtype=torch.float32, device=self.counts.device)
