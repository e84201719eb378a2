"""The loss of one process and one batch as its part of the mean over all processes and accumulated batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rnnzoo.registry import unknown

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule, Trainer


REDUCTIONS = ("mean", "sum")


class LossWeighting:
    """Makes the gradient that of sum(loss * weight) / sum(weight), however the elements are spread.

    With reduction "sum" it is that of sum(loss * weight): a batch of twice as many rows has twice the gradient.

    Across W processes the strategy averages gradients, so each process contributes total * W / (weights of all). Across
    n accumulated batches the sum of the weights is known only after the last one: the batches are scaled by the first
    one's weights, and the gradients put right at the end.
    """

    first: Tensor  # the weights of the window's first batch
    window: Tensor  # the weights of the window so far

    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in REDUCTIONS:
            raise unknown("loss_reduction", reduction, REDUCTIONS)
        self.reduction = reduction

    def loss(self, total: Tensor, weight: Tensor, batch_idx: int, module: LightningModule) -> Tensor:
        """The loss to hand to Lightning.

        Args:
            total: () sum of the elements' losses, each times its weight, with its graph.
            weight: () sum of the weights.
            batch_idx: the batch's number in its epoch.
            module: the attached module being trained.
        """
        trainer = module.trainer
        W, n = trainer.world_size, trainer.accumulate_grad_batches
        if self.reduction == "sum":
            return total * (W * n)  # the strategy divides by W, Lightning by n
        if W > 1:
            weight = trainer.strategy.reduce(weight.clone(), reduce_op="sum")
        if n == 1:
            loss = total / _positive(weight)
            return loss * W if W > 1 else loss
        if batch_idx % n == 0:
            self.first = torch.where(weight > 0, weight, 1.0)  # a first batch of fillers alone is no scale
            self.window = weight
        else:
            self.window = self.window + weight
        return total / self.first * (W * n)  # Lightning divides by n

    def finish_window(self, batch_idx: int, module: LightningModule) -> None:
        """After a backward pass: where it was the last of an accumulation, scale its gradients to the mean."""
        trainer = module.trainer
        n = trainer.accumulate_grad_batches
        if self.reduction == "sum" or n == 1 or not _ends_step(batch_idx, trainer):
            return
        factor = self.first / _positive(self.window)
        for parameter in module.parameters():
            if parameter.grad is not None:
                parameter.grad.mul_(factor)


class StepLoss:
    """The mean loss of a whole optimiser step: of all its accumulated batches and all processes."""

    sums: Tensor  # (2,) losses times weights, and weights, of this process's batches of the step so far

    def add(self, total: Tensor, weight: Tensor, batch_idx: int, module: LightningModule) -> Tensor | None:
        """Count a batch; gives the mean behind the last batch of a step. The arguments are those of ``loss``."""
        trainer = module.trainer
        sums = torch.stack([total.detach(), weight])
        self.sums = sums if batch_idx % trainer.accumulate_grad_batches == 0 else self.sums + sums
        if not _ends_step(batch_idx, trainer):
            return None
        sums = self.sums if trainer.world_size == 1 else trainer.strategy.reduce(self.sums, reduce_op="sum")
        return sums[0] / _positive(sums[1])


def _ends_step(batch_idx: int, trainer: Trainer) -> bool:
    return (batch_idx + 1) % trainer.accumulate_grad_batches == 0 or trainer.is_last_batch


def _positive(weight: Tensor) -> Tensor:
    """``weight``, or a tiny number where every element is a filler: its loss is 0 then, not 0 / 0."""
    return weight.clamp(min=torch.finfo(weight.dtype).tiny)
