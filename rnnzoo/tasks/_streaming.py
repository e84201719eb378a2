"""Tasks on streams: which state a batch begins with, in training, evaluation and after an interruption."""

from __future__ import annotations

from typing import Any

import torch

from rnnzoo.contracts import SequenceBatch
from rnnzoo.tasks._base import SequenceTask
from rnnzoo.tasks._carried import CarriedStates


class StreamTask(SequenceTask):
    """A task whose batches continue one another; ``outputs_of`` asks ``carried`` what a batch begins with.

    Training and each evaluation have states of their own. Those of training stand in the checkpoint, of all processes.
    The arguments are those of ``SequenceTask``.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.carried = CarriedStates()
        self._restored: list[Any] | None = None  # of the checkpoint that is gone on from

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Move a batch, but for its lengths and ``starts``, which are looked at on the CPU."""
        moved = super().transfer_batch_to_device(batch, device, dataloader_idx)
        return moved._replace(starts=batch.starts) if isinstance(batch, SequenceBatch) else moved

    def on_train_start(self) -> None:
        """Put back the states that were carried when the checkpoint was written."""
        self.carried.states.clear()
        if self._restored is not None:
            self.carried.restore(self._restored, self.trainer, self.device)
            self._restored = None

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """What is computed next continues the stream of training."""
        self.carried.begin("train", batch_idx, self.trainer.train_dataloader)

    def on_validation_batch_start(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """What is computed next continues the stream of validation."""
        self.carried.begin("val", batch_idx, self.trainer.val_dataloaders)

    def on_test_batch_start(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """What is computed next continues the stream of the test."""
        self.carried.begin("test", batch_idx, self.trainer.test_dataloaders)

    def on_predict_batch_start(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """What is computed next continues the stream that is predicted."""
        self.carried.begin("predict", batch_idx, self.trainer.predict_dataloaders)

    def on_train_batch_end(self, *_: Any) -> None:
        """What else is computed is of no stream."""
        self.carried.end()

    def on_validation_batch_end(self, *_: Any) -> None:
        """What else is computed is of no stream."""
        self.carried.end()

    def on_test_batch_end(self, *_: Any) -> None:
        """What else is computed is of no stream."""
        self.carried.end()

    def on_predict_batch_end(self, *_: Any) -> None:
        """What else is computed is of no stream."""
        self.carried.end()

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the validation split."""
        super().on_validation_epoch_end()
        self.carried.forget("val")

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the test split."""
        super().on_test_epoch_end()
        self.carried.forget("test")

    def setup(self, stage: str) -> None:
        """Take the codec from the datamodule.

        Raises:
            ValueError: the data is not what the model was built or trained for, as a vocabulary of other tokens.
        """
        trained = self.codec
        super().setup(stage)
        if trained is not None and self.codec != trained:
            raise ValueError(
                "the data encodes text otherwise than the data that the model was trained on (another vocabulary or "
                "level); give that data, or build a new model from this one's spec."
            )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the carried states of all processes."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["carried"] = self.carried.saved()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the carried states until the training goes on."""
        super().on_load_checkpoint(checkpoint)
        self._restored = checkpoint.get("carried")
