"""What follows a validation that was no better: a lower learning rate, or weights that are averaged from then on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class Annealing:
    """Divides the learning rate by a factor after each validation whose loss is no new best.

    So does pytorch/examples' word_language_model, with 4.

    Args:
        factor: above 1; ``None``: never.
        patience: n of NT-ASGD (S. Merity et al., arXiv:1708.02182, algorithm 1): averaging begins at the first
            validation whose loss is above the least of all but the last n before it; from then on what is validated,
            and kept as the best, is the mean of the weights behind every step since. ``None``: never.

    Raises:
        ValueError: a factor of 1 or less, or a patience below 1.
    """

    def __init__(self, factor: float | None, patience: int | None) -> None:
        if factor is not None and not factor > 1:
            raise ValueError(f"anneal is {factor}; expected a factor above 1, or None.")
        if patience is not None and patience < 1:
            raise ValueError(f"average_patience is {patience}; expected at least 1 validation, or None.")
        self.factor, self.patience = factor, patience
        self.losses: list[float] = []  # of the validations so far
        self.steps: int | None = None  # that are averaged; None: none are
        self.other: dict[str, Tensor] = {}  # the means by the parameters' names; while these are in use, the weights
        self.averaged = False  # whether the means are in use

    def judge(self, loss: float, optimizers: list[Optimizer]) -> None:
        """A validation of this loss has been made."""
        before = self.losses
        if self.factor is not None and before and not loss < min(before):
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = group["lr"] / self.factor
        if self.patience is not None and self.steps is None:
            earlier = before[: -self.patience]
            if earlier and loss > min(earlier):
                self.steps = 0
        self.losses = [*before, loss]

    @torch.no_grad()
    def count(self, model: nn.Module) -> None:
        """A step of the optimiser has been made."""
        if self.steps is None:
            return
        self.steps += 1
        for name, weight in model.named_parameters():
            if self.steps == 1:
                self.other[name] = weight.detach().clone()
            else:
                self.other[name] += (weight - self.other[name]) / self.steps

    @torch.no_grad()
    def swap(self, model: nn.Module) -> None:
        """Put the means in the weights' place, or the weights back; nothing where none are averaged yet."""
        if not self.steps:
            return
        for name, weight in model.named_parameters():
            now = weight.detach().clone()
            weight.copy_(self.other[name])
            self.other[name] = now
        self.averaged = not self.averaged

    def state(self) -> dict[str, Any]:
        """What a training needs to go on."""
        return {"losses": self.losses, "steps": self.steps, "other": dict(self.other), "averaged": self.averaged}

    def restore(self, state: dict[str, Any], model: nn.Module) -> None:
        """Go on from ``state``, the weights that went with it being in ``model``."""
        self.losses, self.steps, self.averaged = list(state["losses"]), state["steps"], state["averaged"]
        places = dict(model.named_parameters())
        self.other = {name: tensor.to(places[name].device, copy=True) for name, tensor in state["other"].items()}
        if self.averaged:  # saved with the best: the means were in the weights' place
            self.swap(model)
