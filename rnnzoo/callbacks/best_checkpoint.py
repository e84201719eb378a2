"""The best model so far, under a name that never changes."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from rnnzoo.callbacks._direction import metric_mode
from rnnzoo.callbacks._whole_file import write_whole_files
from rnnzoo.metrics import Measured


class BestCheckpoint(ModelCheckpoint):
    """``best.ckpt``: the best on ``val/<metric>``, looked at after every validation.

    It is written aside, flushed to the disk and renamed: a run that is killed at any moment leaves a whole file.
    ``ResumePoint`` is what an interrupted training goes on from.

    Args:
        metric: one of the task's metrics.
        mode: "max" or "min"; ``None``: as the task's metric declares.
        dirpath: the folder; ``None``: ``checkpoints`` in the logger's folder, as Lightning's own.

    Attributes:
        best_model_path, best_model_score: as Lightning's.
        best_results: every validation metric when the best was written.
        best_step: optimiser steps done by then.

    Raises:
        UnknownName: the task has no such metric (when training begins).
    """

    def __init__(
        self,
        metric: str = "accuracy",
        *,
        mode: str | None = None,
        dirpath: str | Path | None = None,
    ) -> None:
        super().__init__(
            dirpath=dirpath,
            filename="best",
            monitor=f"val/{metric}",
            mode=mode or "max",
            save_top_k=1,
            save_on_train_epoch_end=False,
            enable_version_counter=False,
        )
        self.metric = metric
        self._mode_given = mode is not None
        self.best_results: dict[str, Measured] = {}
        self.best_step = 0

    @property
    def state_key(self) -> str:
        """The metric alone: the direction follows from it."""
        return self._generate_state_key(metric=self.metric)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Find the direction and the folder; a folder that holds an earlier part of the run is no reason to warn."""
        write_whole_files(trainer)
        if not self._mode_given:
            self.mode = metric_mode(pl_module, self.metric)
        if not self.best_k_models:
            self.kth_value = torch.tensor(-torch.inf if self.mode == "max" else torch.inf)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"Checkpoint directory .* exists and is not empty")
            super().setup(trainer, pl_module, stage)

    def state_dict(self) -> dict[str, Any]:
        """Lightning's, and the metrics of the best."""
        best = {name: list(measured) for name, measured in self.best_results.items()}
        return {**super().state_dict(), "best_results": best, "best_step": self.best_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the state back."""
        super().load_state_dict(state_dict)
        self.best_results = {name: Measured(*measured) for name, measured in state_dict["best_results"].items()}
        self.best_step = state_dict["best_step"]

    def _save_checkpoint(self, trainer: Trainer, filepath: str) -> None:
        self.best_results = dict(getattr(trainer.lightning_module, "results", {}).get("val", {}))
        self.best_step = trainer.global_step
        trainer.save_checkpoint(filepath, weights_only=False)
        self._last_global_step_saved = trainer.global_step
        self._last_checkpoint_saved = filepath
        if trainer.is_global_zero:
            for logger in trainer.loggers:
                logger.after_save_checkpoint(self)
