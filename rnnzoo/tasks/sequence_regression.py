"""Numbers for a whole sequence: embed, run through recurrent layers, pool over time, a linear map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics import Metric

from rnnzoo.contracts import MetricSpec, SequenceBatch, Spec
from rnnzoo.metrics import R2
from rnnzoo.modules.initialization import initialize
from rnnzoo.registry import TASKS, unknown
from rnnzoo.tasks._pooled import PooledTask
from rnnzoo.tasks._spec import labels_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACCEPTS = ("value",)
LOSSES = ("mse", "mae", "huber")
METRICS = (
    MetricSpec("mse", "squared units", False),
    MetricSpec("mae", "units", False),
    MetricSpec("r2", "fraction", True),
    MetricSpec("loss", "standard units", False),
)
SHOWN = 60
"""Characters of the raw input in a line for people."""


class Estimate(NamedTuple):
    """A model's answer for one sequence."""

    values: dict[str, float]  # by name

    def line(self, raw: object) -> str:
        """One line for people."""
        told = " ".join(f"{name}={value:.4g}" for name, value in self.values.items())
        shown = " ".join(str(raw).split())
        return f"{told}\t{shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + '...'}"


@TASKS.register(
    "sequence_regression",
    description="F numbers for a whole sequence (N to 1)",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class SequenceRegressor(PooledTask):
    """Numbers (B, F) for sequences (B, T) of tokens or (B, T, I) of channels.

    What is measured is in the units of the data: the mean squared and the mean absolute error over rows and numbers,
    and ``r2``, the mean over the F numbers of 1 - squared errors / squared deviations from the mean. Where the spec
    says the numbers' mean and deviation in training (``target_mean``, ``target_scale``), the head makes standardised
    numbers and the loss is that of those.

    Args:
        spec: the datamodule's, of kind "value".
        layer: any registered architecture, or "none" (no recurrence: embed, pool, map).
        hidden_size, num_layers, bidirectional: of the recurrent layers.
        dropout: between the recurrent layers (where there is no ``input_dropout``) and before the last map.
        input_dropout, input_dropout_kind, embedding, embedding_size, embedding_std, embedding_dropout, word_dropout,
            embedding_vectors, embedding_frozen, pooling: as ``SequenceClassifier`` says.
        loss: "mse", the squared error; "mae", the absolute; "huber": half the square up to ``huber_delta``, linear
            beyond. Of a row the mean over its F numbers.
        huber_delta: where Huber's loss becomes linear, above 0.
        layer_options: further arguments of the architecture.
        initialization: as ``SequenceClassifier`` says.
        optimizer, learning_rate, weight_decay, schedule, warmup, clip_per_tensor, optimizer_options, loss_reduction:
            see ``SequenceTask``.

    Raises:
        UnknownName: a name is not known; near misses follow.
        ValueError: settings that don't go together, or a spec of another kind.
    """

    accepts = ACCEPTS
    metric_specs = METRICS
    target_mean: Tensor
    target_scale: Tensor

    def __init__(
        self,
        spec: Spec,
        layer: str = "lstm",
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        input_dropout_kind: str = "locked",
        embedding: str = "learned",
        embedding_size: int = 64,
        embedding_std: float = 0.1,
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
        embedding_vectors: str | None = None,
        embedding_frozen: bool = False,
        pooling: str = "last",
        loss: str = "mse",
        huber_delta: float = 1.0,
        layer_options: dict[str, Any] | None = None,
        initialization: str = "default",
        optimizer: str = "adam",
        learning_rate: float = 1e-3,
        weight_decay: float = 0.0,
        schedule: str = "constant",
        warmup: float = 0.0,
        clip_per_tensor: float | None = None,
        optimizer_options: dict[str, Any] | None = None,
        loss_reduction: str = "mean",
    ) -> None:
        super().__init__(
            spec,
            optimizer=optimizer,
            optimizer_options=optimizer_options,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            schedule=schedule,
            warmup=warmup,
            clip_per_tensor=clip_per_tensor,
            loss_reduction=loss_reduction,
        )
        self.save_hyperparameters()
        self.names = labels_of(self.spec)
        if loss not in LOSSES:
            raise unknown("loss", loss, LOSSES)
        if not huber_delta > 0:
            raise ValueError(f"huber_delta is {huber_delta}; expected a number above 0.")
        self.loss_kind = loss
        self.huber_delta = huber_delta
        width = self.pool(
            layer=layer,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            input_dropout=input_dropout,
            input_dropout_kind=input_dropout_kind,
            embedding=embedding,
            embedding_size=embedding_size,
            embedding_std=embedding_std,
            embedding_dropout=embedding_dropout,
            word_dropout=word_dropout,
            embedding_vectors=embedding_vectors,
            embedding_frozen=embedding_frozen,
            pooling=pooling,
            layer_options=layer_options,
        )
        self.head = nn.Linear(width, len(self.names))
        initialize(self.encoder, self.head, initialization)
        mean, scale = _standard(self.spec, len(self.names))
        self.register_buffer("target_mean", torch.tensor(mean), persistent=False)  # both are in the spec
        self.register_buffer("target_scale", torch.tensor(scale), persistent=False)

    def losses(self, outputs: Tensor, batch: SequenceBatch) -> Tensor:
        """The loss (B,) of each row, of standardised numbers."""
        outputs, targets = outputs.float(), self._standardised(batch.targets)  # (B, F)
        if self.loss_kind == "mse":
            return F.mse_loss(outputs, targets, reduction="none").mean(dim=1)
        if self.loss_kind == "mae":
            return F.l1_loss(outputs, targets, reduction="none").mean(dim=1)
        return F.huber_loss(outputs, targets, reduction="none", delta=self.huber_delta).mean(dim=1)

    def measures(self, outputs: Tensor, batch: SequenceBatch) -> dict[str, Any]:
        """The errors of each row in the data's units, and what the coefficient of determination is counted from."""
        answers = self.in_units(outputs)  # (B, F)
        errors = answers - batch.targets
        return {
            "mse": errors.square().mean(dim=1),
            "mae": errors.abs().mean(dim=1),
            "r2": (answers, batch.targets, batch.weights),
        }

    def create_meter(self, metric: MetricSpec) -> Metric:
        """Of the coefficient of determination, which is no mean over rows, one that counts."""
        if metric.name != "r2":
            return super().create_meter(metric)
        return R2(_standard(self.spec, int(self.spec["output_size"]))[0])

    def in_units(self, outputs: Tensor) -> Tensor:
        """Outputs (B, F) in the data's units."""
        return self.target_mean + self.target_scale * outputs.float()

    def answers(self, outputs: Tensor, batch: SequenceBatch) -> list[Estimate]:
        """The numbers of each row by their names."""
        return [Estimate(dict(zip(self.names, row, strict=True))) for row in self.in_units(outputs).tolist()]

    @torch.no_grad()
    def pictures(self, batch: SequenceBatch) -> dict[str, Figure]:
        """ "predicted_against_true", a panel for each of the F numbers."""
        from rnnzoo.figures import Panels, predicted_against_true

        real = (batch.weights > 0).cpu()
        answers, targets = self.in_units(self.outputs_of(batch)).cpu()[real], batch.targets.cpu()[real]  # (R, F)
        panels: Panels = {name: (targets[:, i].tolist(), answers[:, i].tolist()) for i, name in enumerate(self.names)}
        return {"predicted_against_true": predicted_against_true(panels)} if len(answers) else {}

    def _standardised(self, targets: Tensor) -> Tensor:
        return (targets - self.target_mean) / self.target_scale


def _standard(spec: dict[str, Any], numbers: int) -> tuple[list[float], list[float]]:
    """Mean and deviation (F,) of the numbers; 0 and 1 where the spec has none.

    Raises:
        ValueError: they are not as many as the numbers, or a deviation is not above 0.
    """
    mean = list(spec.get("target_mean") or [0.0] * numbers)
    scale = list(spec.get("target_scale") or [1.0] * numbers)
    if len(mean) != numbers or len(scale) != numbers or not all(value > 0 for value in scale):
        raise ValueError(
            f"spec has target_mean {mean} and target_scale {scale} for {numbers} number(s); expected one each, the "
            "scale above 0."
        )
    return mean, scale
