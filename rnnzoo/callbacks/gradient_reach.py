"""The trace ``gradient_reach``: how far back through time a gradient travels, at the start and after training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import nn

from rnnzoo.callbacks.trace import Trace, TraceValue
from rnnzoo.recurrent.state_jacobian import state_jacobian_norms


class GradientReach(Trace):
    """The norm of ds_T / ds_{T-k} against the lag k, see ``state_jacobian_norms``, before and after the training.

    It is measured along the first sequences of the validation split, without dropout. A record is
    ``{"lag": k, "start": norm, "end": norm}``; "end" is of the last weights, not of the best checkpoint's. Summed up:
    ``gradient_reach_start`` and ``gradient_reach_end``, the lag up to which the norm has never been below ``fraction``.

    Args:
        sequences: how many sequences the norm is a mean over; all are cut to the shortest of them.
        fraction: of the norm at lag 0, which is 1.

    Raises:
        ValueError: ``sequences`` is below 1 or ``fraction`` not between 0 and 1; the model has no recurrent layer or a
            bidirectional one, or there is no datamodule (when training begins).
    """

    def __init__(self, sequences: int = 4, fraction: float = 0.01) -> None:
        super().__init__()
        if sequences < 1:
            raise ValueError(f"sequences is {sequences}; expected at least 1.")
        if not 0 < fraction < 1:
            raise ValueError(f"fraction is {fraction}; expected a number between 0 and 1.")
        self.sequences = sequences
        self.fraction = fraction

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure the initial weights; a resumed training has them in its records."""
        if not self.records:
            norms = self._norms(trainer, pl_module)
            self.records = [{"lag": lag, "start": norm} for lag, norm in enumerate(norms)]

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure the trained weights."""
        for record, norm in zip(self.records, self._norms(trainer, pl_module), strict=True):
            record["end"] = norm

    def _norms(self, trainer: Trainer, module: LightningModule) -> list[float]:
        encoder: Any = getattr(module, "encoder", None)
        recurrent = getattr(encoder, "recurrent", None)
        cells = getattr(recurrent, "cells", None)
        if not isinstance(cells, nn.ModuleList) or getattr(recurrent, "bidirectional", False):
            raise ValueError(
                "gradient_reach looks along one direction of a recurrent encoder, and this model has none "
                "(layer 'none', or a bidirectional one); leave the trace out, or give another layer."
            )
        if trainer.datamodule is None:  # type: ignore[attr-defined]
            raise ValueError("gradient_reach takes its sequences from a datamodule; give trainer.fit one.")
        with torch.random.fork_rng(devices=[]):  # a loader draws a seed for its workers
            batch = next(iter(trainer.datamodule.val_dataloader()))  # type: ignore[attr-defined]
        embedding, training = encoder.embedding, encoder.embedding.training
        rows = slice(0, self.sequences)
        inputs = batch.inputs[rows, : int(batch.lengths[rows].min())].to(module.device)  # (B, T) or (B, T, I)
        with torch.no_grad():
            x = embedding.eval()(inputs)  # (B, T, E)
        embedding.train(training)
        return state_jacobian_norms(cells, x).tolist()

    def summary(self) -> list[TraceValue]:
        """``gradient_reach_start``, and ``gradient_reach_end`` of a finished training."""
        return [
            TraceValue(f"gradient_reach_{when}", self._reach(when), "steps", self.sequences)
            for when in ("start", "end")
            if self.records and when in self.records[0]
        ]

    def _reach(self, when: str) -> float:
        return float(next(self._lost(when), len(self.records)) - 1)

    def _lost(self, when: str) -> Iterator[int]:
        """The lags at which too little is left; what is not a number is nothing."""
        return (int(record["lag"]) for record in self.records if not record[when] >= self.fraction)
