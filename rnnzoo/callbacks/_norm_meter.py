"""The L2 norms of a step's gradients, before and after clipping: what every callback that looks at them shares."""

from __future__ import annotations

from typing import NamedTuple

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

TOTAL = "total"


class GradientNorm(NamedTuple):
    """The L2 norms of one gradient in one step."""

    step: int  # optimiser steps done before
    tensor: str  # the parameter's name, or "total"
    before: float
    after: float  # after clipping


class NormMeter:
    """Measures in every n-th step, in two calls: before clipping and after it.

    Raises:
        ValueError: ``every_n_steps`` is below 1.
    """

    def __init__(self, every_n_steps: int) -> None:
        if every_n_steps < 1:
            raise ValueError(f"every_n_steps is {every_n_steps}; expected at least 1.")
        self.every_n_steps = every_n_steps
        self._before: dict[str, float] = {}

    def before(self, trainer: Trainer, module: LightningModule) -> None:
        """Measure before clipping, if it is a step to measure in."""
        self._before = {} if trainer.global_step % self.every_n_steps else gradient_norms(module)

    def after(self, trainer: Trainer, module: LightningModule) -> list[GradientNorm]:
        """Measure after clipping; gives both, nothing in the steps between."""
        if not self._before:
            return []
        after = gradient_norms(module)
        return [GradientNorm(trainer.global_step, name, norm, after[name]) for name, norm in self._before.items()]


def gradient_norms(module: torch.nn.Module) -> dict[str, float]:
    """The L2 norm of each gradient by its parameter's name, and "total"; empty where there is no gradient."""
    named = [(name, p.grad) for name, p in module.named_parameters() if p.grad is not None]
    if not named:
        return {}
    norms: Tensor = torch.stack([torch.linalg.vector_norm(gradient) for _, gradient in named])
    values = torch.cat([norms, torch.linalg.vector_norm(norms)[None]]).tolist()
    return dict(zip([*(name for name, _ in named), TOTAL], values, strict=True))
