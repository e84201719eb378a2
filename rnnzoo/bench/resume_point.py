"""Where a killed run goes on: a checkpoint at the end of an epoch, with the random state in it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class ResumePoint(Callback):
    """Saves ``path`` at the end of an epoch when ``every_seconds`` have passed since the last time.

    At most that time and one epoch are repeated after a kill. The random state is put back, so that the resumed run
    draws the numbers the killed one would have drawn. The file is written aside and renamed.
    """

    def __init__(self, path: Path, every_seconds: float = 20.0) -> None:
        self.path = path
        self.every_seconds = every_seconds
        self._saved = time.monotonic()
        self._random_state: torch.Tensor | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the random state of the checkpoint back."""
        if self._random_state is not None:
            torch.set_rng_state(self._random_state)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save, if it is time; rank 0 decides for all."""
        due = time.monotonic() - self._saved >= self.every_seconds
        if trainer.world_size > 1:
            due = trainer.strategy.broadcast(due)
        if not due:
            return
        aside = self.path.with_suffix(".part")
        trainer.save_checkpoint(aside)
        if trainer.is_global_zero:
            os.replace(aside, self.path)
        self._saved = time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """The random state of the CPU."""
        return {"random_state": torch.get_rng_state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the random state until the training starts."""
        self._random_state = state_dict["random_state"].cpu()
