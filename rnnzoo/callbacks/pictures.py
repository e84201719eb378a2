"""Pictures of a trained model at work: which labels it confuses, and whatever its task shows of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from rnnzoo.callbacks._confusion import ConfusionCounts
from rnnzoo.contracts import PairBatch, SequenceBatch
from rnnzoo.tasks._base import SequenceTask

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Pictures(Callback):
    """Collects the pictures while a trained model is measured by ``trainer.test`` or ``trainer.validate``.

    The confusion matrix is over the whole split, of all processes; the others are what ``task.pictures`` makes of the
    first batch, on the first process. A picture that cannot be made is left out, and ``missing`` says why.

    Args:
        stage: "test" or "validate".

    Attributes:
        figures: by name, those of the last time.
        missing: by name, why a picture could not be made.

    Raises:
        ValueError: ``stage`` is none of the two.
    """

    def __init__(self, stage: str = "test") -> None:
        if stage not in ("test", "validate"):
            raise ValueError(f"stage is {stage!r}; expected 'test' or 'validate'.")
        self.stage = stage
        self.figures: dict[str, Figure] = {}
        self.missing: dict[str, str] = {}
        self._confusion: ConfusionCounts | None = None

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the last time's."""
        self._start(trainer, cast(SequenceTask, pl_module))

    def on_test_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        """Count the batch; of the first one take the task's pictures."""
        self._look(trainer, cast(SequenceTask, pl_module), outputs, batch, batch_idx)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the confusion matrix."""
        self._end(trainer, cast(SequenceTask, pl_module))

    on_validation_start = on_test_start
    on_validation_batch_end = on_test_batch_end  # type: ignore[assignment]
    on_validation_end = on_test_end

    def _meant(self, trainer: Trainer) -> bool:
        return trainer.state.fn == {"test": TrainerFn.TESTING, "validate": TrainerFn.VALIDATING}[self.stage]

    def _start(self, trainer: Trainer, task: SequenceTask) -> None:
        if not self._meant(trainer):
            return
        self.figures, self.missing, self._confusion = {}, {}, ConfusionCounts(task)

    def _look(self, trainer: Trainer, task: SequenceTask, outputs: Any, batch: Any, batch_idx: int) -> None:
        if not self._meant(trainer) or not isinstance(batch, SequenceBatch | PairBatch):
            return
        if self._confusion is not None:
            self._confusion.add(outputs, batch)
        if batch_idx == 0 and trainer.is_global_zero:
            try:
                self.figures |= task.pictures(batch)
            except Exception as error:  # a picture less is no reason to lose a training
                self.missing["task"] = f"{type(error).__name__}: {error}"

    def _end(self, trainer: Trainer, task: SequenceTask) -> None:
        if not self._meant(trainer) or self._confusion is None:
            return
        counts = self._confusion.counts()  # of all processes
        if counts is not None and trainer.is_global_zero:
            from rnnzoo.figures import confusion

            rows = sum(map(sum, counts))
            right = sum(row[label] for label, row in enumerate(counts)) / rows
            title = f"{right:.1%} of {rows} right"
            self.figures = {"confusion": confusion(counts, self._confusion.labels, title=title), **self.figures}
