"""What every task shares: the steps, the metrics, clipping, the optimiser, and what travels in a checkpoint."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics import Metric

from rnnzoo.contracts import ForecastBatch, MetricSpec, PairBatch, SequenceBatch, Spec
from rnnzoo.metrics import Measured, WeightedMean
from rnnzoo.registry import TASKS
from rnnzoo.tasks._clipping import clip_each
from rnnzoo.tasks._format import FORMAT, check_format
from rnnzoo.tasks._meters import update_meters
from rnnzoo.tasks._optimization import check_optimizer, check_schedule, create_optimizer, create_schedule, may_be_fused
from rnnzoo.tasks._raw import encoded, evaluating
from rnnzoo.tasks._spec import check_same, check_spec
from rnnzoo.tasks._weighting import LossWeighting, StepLoss

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class SequenceTask(LightningModule):
    """The base of every task. A concrete one fills in five blanks and overrides no step:

    ``accepts`` and ``metric_specs``; ``forward(inputs, lengths)``; ``losses(outputs, batch)``, one value for each of
    ``batch.weights``; ``measures(outputs, batch)``; ``answers(outputs, batch)``.

    Where that is not enough: ``outputs_of(batch)`` for a model that reads more of a batch than inputs and lengths,
    ``create_meter(metric)`` for a metric that is no mean over elements (a span's F1, BLEU), ``metrics_of(spec)`` where
    not all data allow every metric, and ``answers_to(raw, codec, outputs, batch)`` for answers that quote the input.

    Logged keys: ``train/loss`` (mean over the epoch), ``train/loss_step`` (mean over a step of the optimiser, every
    ``log_every_n_steps``), ``val/<metric>`` and ``test/<metric>`` (means over the split, of all processes).

    Args:
        spec: the datamodule's, with at least ``kind, input, input_size, output_size``.
        optimizer: "adam", "adamw", "rmsprop" or "sgd".
        schedule: "constant", "cosine", "linear" or "one_cycle", over all steps of the training.
        warmup: the share of the steps in which the learning rate first rises.
        clip_per_tensor: clip every gradient tensor to this norm, after the Trainer's own clipping.
        optimizer_options: further arguments of the optimiser, such as ``{"eps": 1e-7}``.
        loss_reduction: "mean" or "sum" over the elements of a batch, of all processes: what is minimised. What is
            logged and reported is a mean in either case.

    Attributes:
        codec: primitives from which raw input is turned into batches again; taken from the datamodule.
        results: of each split, each metric's value when it was last measured.
        measured_split: "val" or "test": of which split a batch is, or was last, measured.

    Raises:
        ValueError: ``spec`` is of a kind that the task doesn't take, or lacks a key; a setting is out of range.
        UnknownName: no such optimiser, schedule or reduction, or an option that the optimiser does not take.
    """

    accepts: ClassVar[tuple[str, ...]] = ()
    metric_specs: tuple[MetricSpec, ...] = ()

    def __init__(
        self,
        spec: Spec,
        *,
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        schedule: str = "constant",
        warmup: float = 0.0,
        clip_per_tensor: float | None = None,
        optimizer_options: dict[str, Any] | None = None,
        loss_reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.spec: dict[str, Any] = check_spec(spec, self.accepts, type(self).__name__)
        self.metric_specs = self.metrics_of(self.spec)
        check_optimizer(optimizer, optimizer_options or {})
        check_schedule(schedule, warmup)
        if clip_per_tensor is not None and not clip_per_tensor > 0:
            raise ValueError(f"clip_per_tensor is {clip_per_tensor}; expected a norm above 0, or None for no clipping.")
        self.optimizer_name = optimizer
        self.optimizer_options = dict(optimizer_options or {})
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule_name = schedule
        self.warmup = warmup
        self.clip_per_tensor = clip_per_tensor
        self.codec: dict[str, Any] | None = None
        self.results: dict[str, dict[str, Measured]] = {}
        self.measured_split = "test"
        self._weighting = LossWeighting(loss_reduction)
        self._step_loss = StepLoss()
        self._batch_idx = 0
        self.train_loss = WeightedMean()
        self.meters = nn.ModuleDict(
            {
                f"{split}_{metric.name}": self.create_meter(metric)
                for split in ("val", "test")
                for metric in self.metric_specs
            }
        )

    def losses(self, outputs: Any, batch: Any) -> Tensor:
        """The loss of each element, shaped as ``batch.weights``."""
        raise NotImplementedError(f"{type(self).__name__} has no losses().")

    def measures(self, outputs: Any, batch: Any) -> dict[str, Any]:
        """What the meter of every metric but the loss is updated with.

        A mean over elements: one value each, shaped as ``batch.weights``; or ``(values, weights)`` where the elements
        are others. A meter of ``create_meter``'s: the arguments of its ``update``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no measures().")

    def answers(self, outputs: Any, batch: Any) -> list[Any]:
        """A readable answer for each row: a NamedTuple."""
        raise NotImplementedError(f"{type(self).__name__} has no answers().")

    def answers_to(self, raw: list[Any], codec: Any, outputs: Any, batch: Any) -> list[Any]:
        """As ``answers``, where the raw items are there, from which the codec made the batch."""
        return self.answers(outputs, batch)

    def metrics_of(self, spec: dict[str, Any]) -> tuple[MetricSpec, ...]:
        """Those of ``metric_specs`` that data of this spec allow; the first is what training is judged by."""
        return self.metric_specs

    def metrics_in(self, split: str) -> tuple[MetricSpec, ...]:
        """Those of ``metric_specs`` that are measured in "val" or in "test", where some are costly."""
        return self.metric_specs

    def outputs_of(self, batch: Any) -> Any:
        """What the model makes of a batch."""
        return self(batch.inputs, batch.lengths)

    def create_meter(self, metric: MetricSpec) -> Metric:
        """What sums a metric up over a split and all processes; it has ``n``, of how many, once computed."""
        return WeightedMean()

    def pictures(self, batch: Any) -> dict[str, Figure]:
        """Pictures by name of what the trained model does with its first batch; asked for where runs are logged."""
        return {}

    def training_step(self, batch: SequenceBatch, batch_idx: int) -> Tensor:
        """The loss of a batch, scaled so that its gradient is that of the mean (or sum) over all processes."""
        losses = self.losses(self.outputs_of(batch), batch)
        total, weight = (losses * batch.weights).sum(), batch.weights.sum()
        self.train_loss.update(total, weight)
        self._batch_idx = batch_idx
        every = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if every and (self.global_step + 1) % every == 0:
            value = self._step_loss.add(total, weight, batch_idx, self)
            if value is not None:
                self.log("train/loss_step", value, on_step=True, on_epoch=False, batch_size=1)
        return self._weighting.loss(total, weight, batch_idx, self)

    def on_after_backward(self) -> None:
        """Put accumulated gradients right."""
        self._weighting.finish_window(self._batch_idx, self)

    def validation_step(self, batch: SequenceBatch, batch_idx: int) -> Any:
        """Measure a batch; its outputs are for callbacks."""
        return self._measure("val", batch)

    def test_step(self, batch: SequenceBatch, batch_idx: int) -> Any:
        """Measure a batch; its outputs are for callbacks."""
        return self._measure("test", batch)

    def predict_step(self, batch: SequenceBatch, batch_idx: int) -> list[Any]:
        """The answers for the rows of a batch that are no fillers."""
        answers = self.answers(self.outputs_of(batch), batch)
        real = (batch.weights.flatten(1) if batch.weights.ndim > 1 else batch.weights[:, None]).amax(dim=1) > 0  # (B,)
        return [answer for answer, keep in zip(answers, real.tolist(), strict=True) if keep]

    def _measure(self, split: str, batch: SequenceBatch) -> Any:
        self.measured_split, metrics = split, self.metrics_in(split)
        outputs = self.outputs_of(batch)
        measured = {"loss": self.losses(outputs, batch), **self.measures(outputs, batch)}
        meters = {metric.name: self._meter(split, metric.name) for metric in metrics}
        update_meters(metrics, meters, measured, batch)
        return outputs

    def _meter(self, split: str, metric: str) -> Any:
        return self.meters[f"{split}_{metric}"]

    def on_train_epoch_end(self) -> None:
        """Log the epoch's mean loss."""
        self.log("train/loss", self.train_loss)

    def on_validation_epoch_end(self) -> None:
        """Log the metrics of the validation split."""
        self._conclude("val")

    def on_test_epoch_end(self) -> None:
        """Log the metrics of the test split."""
        self._conclude("test")

    def _conclude(self, split: str) -> None:
        results = {}
        for metric in self.metrics_in(split):
            meter = self._meter(split, metric.name)
            results[metric.name] = Measured(float(meter.compute()), meter.n)
            self.log(f"{split}/{metric.name}", meter, prog_bar=True)
        self.results[split] = results

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Move a batch, but for its lengths: they steer loops, which run on the CPU."""
        moved = super().transfer_batch_to_device(batch, device, dataloader_idx)
        if device.type == "cpu" or not isinstance(batch, SequenceBatch | PairBatch | ForecastBatch):
            return moved
        stay = {name: lengths for name, lengths in batch._asdict().items() if name.endswith("lengths")}
        return moved._replace(**stay)

    def configure_optimizers(self) -> Any:
        """The optimiser, and its schedule if the learning rate changes."""
        optimizer = create_optimizer(
            self.optimizer_name,
            self,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=may_be_fused(self.trainer),
            options=self.optimizer_options,
        )
        if self.schedule_name == "constant" and not self.warmup:
            return optimizer
        steps = self.trainer.estimated_stepping_batches
        schedule = create_schedule(self.schedule_name, optimizer, steps=steps, warmup=self.warmup)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Lightning's clipping, then each tensor's, then ``on_after_clipping(trainer, module)`` of the callbacks."""
        if gradient_clip_val:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
        if self.clip_per_tensor is not None:
            clip_each(self.parameters(), self.clip_per_tensor)
        for callback in self.trainer.callbacks:  # type: ignore[attr-defined]
            hook: Callable[..., None] | None = getattr(callback, "on_after_clipping", None)
            if hook is not None:
                hook(self.trainer, self)

    def setup(self, stage: str) -> None:
        """Take the codec from the datamodule.

        Raises:
            ValueError: the datamodule's spec is not the one that the model was built for.
        """
        # Lightning tells that it ignores a datamodule's: this one is meant, it keeps the lengths on the CPU.
        warnings.filterwarnings("ignore", message="You have overridden `transfer_batch_to_device` in `LightningModule`")
        data: Any = getattr(self.trainer, "datamodule", None)
        if getattr(data, "spec", None) is not None:
            check_same(data.spec, self.spec)
        if callable(getattr(data, "codec_state", None)):
            self.codec = data.codec_state()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the codec, the task's registered name and the format."""
        checkpoint["codec"] = self.codec
        checkpoint["task"] = next((entry.name for entry in TASKS.entries() if entry.target is type(self)), None)
        checkpoint["rnnzoo"] = {"format": FORMAT}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the codec back.

        Raises:
            ValueError: the checkpoint is not of an rnnzoo task, or of a newer version of rnnzoo.
        """
        check_format(checkpoint)
        self.codec = checkpoint["codec"]

    @torch.inference_mode()
    def predict(self, raw: list[Any], batch_size: int = 256) -> list[Any]:
        """Answers for raw input, in its order, on the device where the model is.

        Args:
            raw: what the codec of the data encodes: texts, strings of digits, ...
            batch_size: how many are encoded and run at a time.

        Raises:
            ValueError: there is no codec, ``raw`` is a single string, or ``batch_size`` is below 1.
        """
        parts = encoded(self, raw, batch_size)
        answers: list[Any] = []
        with evaluating(self):
            for part, codec, batch in parts:
                answers += self.answers_to(part, codec, self.outputs_of(batch), batch)
        return answers
