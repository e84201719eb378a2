"""Stop when a validation metric no longer gets better."""

from __future__ import annotations

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping

from rnnzoo.callbacks._direction import metric_mode


class EarlyStop(EarlyStopping):
    """Ends the training after ``patience`` validations in a row without a better ``val/<metric>``.

    Args:
        metric: one of the task's metrics.
        patience: validations to wait.
        min_delta: how much better, in the metric's unit, counts as better.
        mode: "max" or "min"; ``None``: as the task's metric declares.

    Raises:
        ValueError: ``patience`` is below 1 or ``min_delta`` below 0.
        UnknownName: the task has no such metric (when training begins).
    """

    def __init__(
        self, metric: str = "accuracy", *, patience: int = 3, min_delta: float = 0.0, mode: str | None = None
    ) -> None:
        if patience < 1 or min_delta < 0:
            raise ValueError(
                f"patience is {patience} and min_delta {min_delta}; expected patience from 1 and min_delta from 0."
            )
        super().__init__(
            f"val/{metric}",
            mode=mode or "max",
            patience=patience,
            min_delta=min_delta,
            check_finite=False,  # a non-finite metric is no reason to end as if all were well: see NonFinite
            check_on_train_epoch_end=False,
        )
        self.metric = metric
        self._mode_given = mode is not None

    @property
    def state_key(self) -> str:
        """The metric alone: the direction follows from it."""
        return self._generate_state_key(metric=self.metric)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Find the direction."""
        if not self._mode_given:
            self.mode = metric_mode(pl_module, self.metric)
            self.min_delta = abs(self.min_delta) if self.mode == "max" else -abs(self.min_delta)
            if torch.isinf(self.best_score):
                self.best_score = torch.tensor(-torch.inf if self.mode == "max" else torch.inf)
        super().setup(trainer, pl_module, stage)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A training that had been ended before it was interrupted is not gone on with."""
        if self.wait_count >= self.patience:
            trainer.should_stop = True
