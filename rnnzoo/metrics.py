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


class R2(Metric):
    """The mean over F numbers of 1 - squared errors / squared deviations from the mean, of all rows of all processes.

    As in scikit-learn's ``r2_score``, a number that does not vary counts 1 where every answer is right, else 0.

    Args:
        center: of each number something near its mean, from which deviations are counted, so that none are lost.
    """

    full_state_update = False
    sums: Tensor
    n: int = 0
    """The sum of the weights when it was last computed."""

    def __init__(self, center: list[float]) -> None:
        super().__init__()
        dtype = torch.float32 if torch.backends.mps.is_available() else torch.float64
        self.center = center
        # of each number: weights, deviations from the center, their squares, squared errors
        self.add_state("sums", torch.zeros(4, len(center), dtype=dtype), dist_reduce_fx="sum")

    def update(self, answers: Tensor, targets: Tensor, weights: Tensor) -> None:
        """Add rows: ``answers`` and ``targets`` (B, F), ``weights`` (B,), 0 on what is none."""
        dtype = self.sums.dtype
        answers, targets, weights = answers.to(dtype), targets.to(dtype), weights.to(dtype)[:, None]
        deviations = targets - torch.tensor(self.center, dtype=dtype, device=targets.device)  # (B, F)
        of_each = [torch.ones_like(targets), deviations, deviations.square(), (answers - targets).square()]
        added = (torch.stack(of_each) * weights).sum(dim=1)  # (4, F)
        # what is added has a float32's digits, so that no order in which batches come changes the sum
        self.sums += added.float()

    def compute(self) -> Tensor:
        """The mean so far.

        Raises:
            ValueError: no row with a weight has been seen.
        """
        weight, deviations, squares, errors = self.sums  # (F,)
        self.n = round(float(weight[0]))
        if self.n <= 0:
            raise ValueError("a metric was asked for over no row at all; expected a batch with a weight above 0.")
        spread = squares - deviations.square() / weight  # (F,)
        varies = spread > 1e-6 * squares  # else it is rounding of what is added
        fixed = torch.where(errors == 0, 1.0, 0.0)
        return torch.where(varies, 1 - errors / torch.where(varies, spread, 1), fixed.to(spread)).mean()


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
