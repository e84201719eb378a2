"""One label for a whole sequence: embed, run through recurrent layers, pool over time, classify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from rnnzoo.contracts import MetricSpec, SequenceBatch, Spec
from rnnzoo.metrics import MacroF1
from rnnzoo.modules.initialization import initialize
from rnnzoo.modules.sigmoid_output import SigmoidOutput
from rnnzoo.registry import TASKS, unknown
from rnnzoo.tasks._cross_entropy import cross_entropy
from rnnzoo.tasks._pooled import PooledTask
from rnnzoo.tasks._spec import labels_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACCEPTS = ("label",)
OUTPUTS = ("softmax", "sigmoid")
METRICS = (
    MetricSpec("accuracy", "fraction", True),
    MetricSpec("macro_f1", "fraction", True),
    MetricSpec("loss", "nats", False),
)


class Prediction(NamedTuple):
    """A model's answer for one sequence."""

    label: str
    probability: float
    probabilities: dict[str, float]  # of every label

    def line(self, raw: object) -> str:
        """One line for people."""
        return f"{self.label}\t{self.probability:.3f}\t{raw}"


@TASKS.register(
    "sequence_classification",
    description="one of V labels for a whole sequence (N to 1)",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class SequenceClassifier(PooledTask):
    """Logits (B, V) for sequences (B, T) of tokens or (B, T, I) of channels; cross entropy in nats; accuracy and
    the mean F1 of the labels.

    Args:
        spec: the datamodule's, of kind "label".
        layer: any registered architecture, or "none" (no recurrence: embed, pool, classify).
        hidden_size, num_layers, bidirectional: of the recurrent layers.
        dropout: between the recurrent layers (where there is no ``input_dropout``) and before the classifying layer.
        input_dropout, input_dropout_kind: of the inputs of every recurrent layer; "locked": one mask for all steps of a
            sequence, as Keras has it, "fresh": another at every step.
        embedding: tokens: "learned" or "one_hot"; channels: "learned" (a linear map) or "none".
        embedding_size, embedding_std: of the embedding; a learned table starts as normal noise of this deviation.
        embedding_dropout, word_dropout: of an embedding's entries, and of whole tokens.
        embedding_vectors: pretrained word vectors in GloVe's or fastText's text format: a path, or an https address
            that ends in "#sha256=" and the checksum. They are put in when a training begins; words without one begin
            at random. ``embedding_size`` is to be theirs.
        embedding_frozen: the embedding is not trained.
        pooling: "last", "mean", "max" or "attention", each over a row's own steps.
        output: "softmax", one logit a label; or "sigmoid", one logit for two labels.
        layer_options: further arguments of the architecture.
        initialization: "default" (each architecture's own), "xavier", "keras", "identity", or "forget_bias_0", "_1",
            "_3", see ``modules.initialization``.
        optimizer, learning_rate, weight_decay, schedule, warmup, clip_per_tensor, optimizer_options, loss_reduction:
            see ``SequenceTask``.

    Raises:
        UnknownName: a name is not known; near misses follow.
        ValueError: settings that don't go together, or a spec of another kind.
    """

    accepts = ACCEPTS
    metric_specs = METRICS

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
        output: str = "softmax",
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
        self.labels = labels_of(self.spec)
        V = len(self.labels)
        if output not in OUTPUTS:
            raise unknown("output", output, OUTPUTS)
        if output == "sigmoid" and V != 2:
            raise ValueError(f"output is 'sigmoid', which is for two labels, and the data has {V}; use 'softmax'.")
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
        self.head = SigmoidOutput(width) if output == "sigmoid" else nn.Linear(width, V)
        initialize(self.encoder, self.head, initialization)

    def pictures(self, batch: SequenceBatch) -> dict[str, Figure]:
        """ "attention" and "gates", where the model has them and the batch a row short enough to be read."""
        from rnnzoo.tasks._classifier_pictures import classifier_pictures

        return classifier_pictures(self, batch)

    def losses(self, outputs: Tensor, batch: SequenceBatch) -> Tensor:
        """The cross entropy of each row, in nats.

        Raises:
            ValueError: a target outside 0..V-1 (on the CPU; a GPU stops with its own assertion).
        """
        return cross_entropy(outputs, batch.targets)  # (B,)

    def measures(self, outputs: Tensor, batch: SequenceBatch) -> dict[str, Any]:
        """Whether the likeliest label is right, for each row; and what the F1 of the labels is counted from."""
        answers = outputs.argmax(dim=-1)  # (B,)
        return {"accuracy": answers == batch.targets, "macro_f1": (answers, batch.targets, batch.weights)}

    def create_meter(self, metric: MetricSpec) -> Metric:
        """Of the F1, which is no mean over rows, one that counts."""
        return MacroF1(int(self.spec["output_size"])) if metric.name == "macro_f1" else super().create_meter(metric)

    def answers(self, outputs: Tensor, batch: SequenceBatch) -> list[Prediction]:
        """The likeliest label of each row, with the probabilities of all."""
        probabilities = torch.softmax(outputs.float(), dim=-1).tolist()  # (B, V)
        return [self._answer(row) for row in probabilities]

    def _answer(self, probabilities: list[float]) -> Prediction:
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        return Prediction(self.labels[best], probabilities[best], dict(zip(self.labels, probabilities, strict=True)))
