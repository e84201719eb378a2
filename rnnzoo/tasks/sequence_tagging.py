"""One label for every step: embed, run through recurrent layers, classify each step."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnzoo.contracts import MetricSpec, SequenceBatch, Spec
from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.initialization import initialize
from rnnzoo.registry import TASKS
from rnnzoo.tasks._base import SequenceTask

ACCEPTS = ("tags",)
METRICS = (
    MetricSpec("accuracy", "fraction", True),
    MetricSpec("exact_match", "fraction", True),
    MetricSpec("loss", "nats", False),
)


class TaggedSequence(NamedTuple):
    """A model's answer for one sequence: a tag a step, and the probability of each."""

    tags: list[str]
    probabilities: list[float]


@TASKS.register(
    "sequence_tagging",
    description="one of V labels for every step (N to N)",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class SequenceTagger(SequenceTask):
    """Logits (B, T, V) for sequences (B, T) of tokens or (B, T, I) of channels; cross entropy of a step in nats.

    ``accuracy`` is the share of the steps that are right, ``exact_match`` the share of the sequences without a mistake;
    steps of weight 0 count in neither.

    Args:
        spec: the datamodule's, of kind "tags".
        layer: any registered architecture, or "none" (no recurrence: each step is classified by itself).
        hidden_size, num_layers, bidirectional: of the recurrent layers.
        dropout: between the recurrent layers (where there is no ``input_dropout``) and before the classifying layer.
        input_dropout, input_dropout_kind: of the inputs of every recurrent layer; "locked": one mask for all steps of a
            sequence, "fresh": another at every step.
        embedding: tokens: "learned" or "one_hot"; channels: "learned" (a linear map) or "none".
        embedding_size, embedding_std: of the embedding; a learned table starts as normal noise of this deviation.
        embedding_dropout, word_dropout: of an embedding's entries, and of whole tokens.
        layer_options: further arguments of the architecture.
        initialization: see ``modules.initialization``.
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
        V = int(self.spec["output_size"])
        self.labels = [str(label) for label in self.spec.get("labels") or range(V)]
        if len(self.labels) != V:
            raise ValueError(f"spec has {len(self.labels)} labels and output_size {V}; expected as many.")
        self.encoder = Encoder(
            self.spec["input"],
            self.spec["input_size"],
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
            padding_id=self.spec.get("padding_id"),
            layer_options=layer_options,
        )
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.head = nn.Linear(self.encoder.output_size, V)
        initialize(self.encoder, self.head, initialization)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) of inputs (B, T) or (B, T, I); ``lengths`` (B,) on the CPU, ``None``: all steps count."""
        features, _ = self.encoder(inputs, lengths)  # (B, T, O)
        if self.dropout is not None:
            features = self.dropout(features)
        return self.head(features)  # (B, T, V)

    def losses(self, outputs: Tensor, batch: SequenceBatch) -> Tensor:
        """The cross entropy of each step (B, T), in nats.

        Raises:
            ValueError: a target outside 0..V-1 (on the CPU; a GPU stops with its own assertion).
        """
        try:
            losses = F.cross_entropy(outputs.flatten(0, 1), batch.targets.flatten(), reduction="none")  # (B * T,)
        except IndexError as error:
            low, high = (int(bound) for bound in batch.targets.aminmax())
            raise ValueError(f"targets go from {low} to {high}; expected 0 to {len(self.labels) - 1}.") from error
        return losses.view_as(batch.targets)

    def measures(self, outputs: Tensor, batch: SequenceBatch) -> dict[str, Any]:
        """Whether the likeliest label of each step is right, and those of all a row's steps."""
        right = outputs.argmax(dim=-1) == batch.targets  # (B, T)
        counts = batch.weights > 0  # (B, T)
        whole = (right | ~counts).all(dim=1)  # (B,)
        return {"accuracy": right, "exact_match": (whole, counts.any(dim=1).to(batch.weights.dtype))}

    def answers(self, outputs: Tensor, batch: SequenceBatch) -> list[TaggedSequence]:
        """The likeliest tag of each of a row's own steps."""
        likeliest = torch.softmax(outputs.float(), dim=-1).max(dim=-1)  # (B, T) each
        rows = zip(likeliest.indices.tolist(), likeliest.values.tolist(), batch.lengths.tolist(), strict=True)
        return [TaggedSequence([self.labels[tag] for tag in tags[:n]], values[:n]) for tags, values, n in rows]
