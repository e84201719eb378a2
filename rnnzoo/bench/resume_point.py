"""Where a killed run goes on: a checkpoint at the end of an epoch, with the clock and the random state in it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn


class ResumePoint(Callback):
    """Saves ``path`` at the end of an epoch when ``every_seconds`` have passed since the last time.

    At most that time and one epoch are repeated after a kill. The random state is put back, so that the resumed run
    draws the numbers the killed one would have drawn.
    Also the run's clock: ``seconds`` and ``samples`` count training alone, without validation, over all resumptions.
    """

    def __init__(self, path: Path, every_seconds: float = 20.0) -> None:
        self.path = path
        self.every_seconds = every_seconds
        self.seconds = 0.0
        self.samples = 0
        self._started: float | None = None
        self._saved = time.monotonic()
        self._random_state: torch.Tensor | None = None

    def _stop_clock(self) -> None:
        if self._started is not None:
            self.seconds += time.monotonic() - self._started
            self._started = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock; put the random state of the checkpoint back."""
        self._started = time.monotonic()
        if self._random_state is not None:
            torch.set_rng_state(self._random_state)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the sequences."""
        self.samples += len(batch.lengths)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Validation is not training time."""
        self._stop_clock()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Training goes on, where this validation was a part of it."""
        if trainer.state.fn == TrainerFn.FITTING:
            self._started = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save, if it is time; rank 0 decides for all."""
        due = time.monotonic() - self._saved >= self.every_seconds
        if trainer.world_size > 1:
            due = trainer.strategy.broadcast(due)
        if due:
            trainer.save_checkpoint(self.path)
            self._saved = time.monotonic()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The clock stops."""
        self._stop_clock()

    def state_dict(self) -> dict[str, Any]:
        """Clock and random state."""
        running = time.monotonic() - self._started if self._started is not None else 0.0
        return {
            "seconds": self.seconds + running,
            "samples": self.samples,
            "random_state": torch.get_rng_state(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Clock and random state, back."""
        self.seconds = state_dict["seconds"]
        self.samples = state_dict["samples"]
        self._random_state = state_dict["random_state"].cpu()
