"""The best model so far, and the state at the end of each epoch, under names that never change."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn

from rnnzoo.callbacks._direction import metric_mode
from rnnzoo.metrics import Measured


class BestCheckpoint(ModelCheckpoint):
    """``best.ckpt``: the best on ``val/<metric>``, looked at after every validation. ``last.ckpt``: each epoch's end.

    A file is written aside, flushed to the disk and renamed: a run that is killed at any moment leaves whole files.
    ``trainer.fit(..., ckpt_path=callback.last_model_path)`` goes on from the last epoch.

    Args:
        metric: one of the task's metrics.
        mode: "max" or "min"; ``None``: as the task's metric declares.
        dirpath: the folder; ``None``: ``checkpoints`` in the logger's folder, as Lightning's own.
        save_last: whether to write ``last.ckpt``.

    Attributes:
        best_model_path, best_model_score, last_model_path: as Lightning's.
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
        save_last: bool = True,
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
        self._writes_last = save_last
        self.best_results: dict[str, Measured] = {}
        self.best_step = 0

    @property
    def state_key(self) -> str:
        """The metric alone: the direction follows from it."""
        return self._generate_state_key(metric=self.metric)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Find the direction and the folder; a folder that holds an earlier part of the run is no reason to warn."""
        if not self._mode_given:
            self.mode = metric_mode(pl_module, self.metric)
        if not self.best_k_models:
            self.kth_value = torch.tensor(-torch.inf if self.mode == "max" else torch.inf)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"Checkpoint directory .* exists and is not empty")
            super().setup(trainer, pl_module, stage)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write ``last.ckpt``."""
        trying = bool(trainer.fast_dev_run)  # type: ignore[attr-defined]
        if self._writes_last and trainer.state.fn == TrainerFn.FITTING and not trying:
            self.last_model_path = os.path.join(str(self.dirpath), f"last{self.FILE_EXTENSION}")
            _save_whole(trainer, self.last_model_path)

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
        _save_whole(trainer, filepath)
        self._last_global_step_saved = trainer.global_step
        self._last_checkpoint_saved = filepath
        if trainer.is_global_zero:
            for logger in trainer.loggers:
                logger.after_save_checkpoint(self)


def _save_whole(trainer: Trainer, filepath: str) -> None:
    """Write a checkpoint aside, flush it to the disk, and rename it to ``filepath``."""
    aside = f"{filepath}.part"
    trainer.save_checkpoint(aside, weights_only=False)
    if trainer.is_global_zero:
        if os.path.isfile(aside):
            with open(aside, "rb") as file:
                os.fsync(file.fileno())
        os.replace(aside, filepath)
    trainer.strategy.barrier("rnnzoo.BestCheckpoint")
