"""Tasks on streams: which state a batch begins with, in training, evaluation and after an interruption."""

from __future__ import annotations

from typing import Any

import torch

from rnnzoo.contracts import SequenceBatch, Spec
from rnnzoo.tasks._annealing import Annealing
from rnnzoo.tasks._base import SequenceTask
from rnnzoo.tasks._carried import CarriedStates


class StreamTask(SequenceTask):
    """A task whose batches continue one another; ``outputs_of`` asks ``carried`` what a batch begins with.

    Training and each evaluation have states of their own. Those of training stand in the checkpoint, of all processes.

    Args:
        anneal, average_patience: see ``Annealing``.
        settings: the arguments of ``SequenceTask``.

    Raises:
        ValueError: a learning rate that both a schedule and ``anneal`` change.
    """

    def __init__(
        self, spec: Spec, *, anneal: float | None = None, average_patience: int | None = None, **settings: Any
    ) -> None:
        super().__init__(spec, **settings)
        if anneal is not None and (self.schedule_name != "constant" or self.warmup):
            raise ValueError(
                f"anneal is {anneal} and schedule is '{self.schedule_name}' with warmup {self.warmup}: both would set "
                "the learning rate. Leave schedule at 'constant' and warmup at 0, or anneal at None."
            )
        self.annealing = Annealing(anneal, average_patience)
        self._annealed: dict[str, Any] | None = None  # of the checkpoint that is gone on from
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
        if self._annealed is not None:
            self.annealing.restore(self._annealed, self)
            self._annealed = None

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """Lightning's; then count it for the means of the weights."""
        super().optimizer_step(*args, **kwargs)
        self.annealing.count(self)

    def on_validation_start(self) -> None:
        """Validate the means of the weights, where there are some."""
        if self._fitting():
            self.annealing.swap(self)

    def on_validation_end(self) -> None:
        """Go on with the weights themselves; callbacks have saved the means by now."""
        if self._fitting():
            self.annealing.swap(self)

    def _fitting(self) -> bool:
        return bool(self.trainer.training or self.trainer.validating) and self.trainer.state.fn == "fit"

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
        if self._fitting():
            optimizers = self.optimizers(use_pl_optimizer=False)
            optimizers = optimizers if isinstance(optimizers, list) else [optimizers]
            self.annealing.judge(self.results["val"]["loss"].value, optimizers)

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
        checkpoint["annealing"] = self.annealing.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the carried states until the training goes on."""
        super().on_load_checkpoint(checkpoint)
        self._restored = checkpoint.get("carried")
        self._annealed = checkpoint.get("annealing")
