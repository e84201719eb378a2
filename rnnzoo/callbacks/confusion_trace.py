"""The trace ``confusion``: which label the tested model gives to sequences of which label."""

from __future__ import annotations

from typing import Any, cast

from lightning.pytorch import LightningModule, Trainer

from rnnzoo.callbacks._confusion import ConfusionCounts
from rnnzoo.callbacks.trace import Trace, TraceValue
from rnnzoo.tasks._base import SequenceTask


class ConfusionTrace(Trace):
    """The confusion matrix over the test split, of all processes: a record a true label, with a count for each answer.

    Raises:
        ValueError: the task has no labels to be confused, or too many for a matrix (when the test ends).
    """

    def __init__(self) -> None:
        super().__init__()
        self._counts: ConfusionCounts | None = None

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget an earlier test's."""
        self._counts = ConfusionCounts(cast(SequenceTask, pl_module))

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        """Count the batch."""
        if self._counts is not None:
            self._counts.add(outputs, batch)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record what was counted."""
        counts = None if self._counts is None else self._counts.counts()
        if self._counts is None or counts is None:
            raise ValueError(
                f"{type(pl_module).__name__} answers with none of a few labels, so nothing was counted for the trace "
                "'confusion'; leave it out."
            )
        labels = self._counts.labels
        self.records = [dict(zip(labels, row, strict=True)) for row in counts]

    def summary(self) -> list[TraceValue]:
        """None: accuracy and F1 are the task's."""
        return []
