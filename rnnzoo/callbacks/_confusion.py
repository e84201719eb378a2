"""Counting which label a model gives to what is of which label, over a whole split of all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from rnnzoo.contracts import SequenceBatch

if TYPE_CHECKING:
    from rnnzoo.tasks._base import SequenceTask

MOST_LABELS = 200
"""Of more labels nothing is counted."""


class ConfusionCounts:
    """The confusion matrix of a task with labels, one of which is right for a sequence or a step.

    Args:
        task: of a task without labels, or with more than ``MOST_LABELS``, nothing is counted.
    """

    def __init__(self, task: SequenceTask) -> None:
        self.labels: list[str] = list(getattr(task, "labels", None) or ())
        self._choices = getattr(task, "choices", None)
        self._matrix: Any = None
        if 0 < len(self.labels) <= MOST_LABELS:
            from torchmetrics.classification import MulticlassConfusionMatrix

            self._matrix = MulticlassConfusionMatrix(len(self.labels), validate_args=False).to(task.device)

    def add(self, outputs: Any, batch: Any) -> None:
        """Count a batch, where ``outputs`` (..., V) score the V labels for each of its targets (...).

        A task that chooses otherwise has ``choices(outputs, batch)``: the labels chosen and the right ones (...).
        """
        if self._matrix is None or not isinstance(batch, SequenceBatch):
            return
        targets = batch.targets
        if self._choices is not None:
            answers, targets = self._choices(outputs, batch)
        elif not isinstance(outputs, Tensor) or not isinstance(targets, Tensor):
            return
        elif outputs.shape == (*targets.shape, len(self.labels)):
            answers = outputs.argmax(dim=-1)
        else:
            return
        real = (batch.weights > 0) & (answers < len(self.labels))  # a filler or a step of padding is no answer
        self._matrix.update(answers[real], targets[real])

    def counts(self) -> list[list[int]] | None:
        """How many of the row's label got the column's (V, V), of all processes; ``None`` where nothing was counted."""
        if self._matrix is None or not self._matrix.update_called:
            return None
        counts: list[list[int]] = self._matrix.compute().cpu().tolist()
        return counts
