"""A shorter sequence for a long one: recurrent layers, labels and blanks at each step, and no need for an alignment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from rnnzoo.contracts import MetricSpec, SequenceBatch, Spec
from rnnzoo.modules.ctc import ctc_losses
from rnnzoo.modules.ctc_decoding import best_paths, prefix_search
from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.frame_stacking import FrameStacking
from rnnzoo.modules.initialization import initialize
from rnnzoo.registry import TASKS, unknown
from rnnzoo.tasks._base import SequenceTask
from rnnzoo.tasks._label_errors import LabelErrorRate, edit_distance
from rnnzoo.tasks._raw import create_codec, encoded, evaluating
from rnnzoo.tasks._spec import labels_of
from rnnzoo.tasks._transcripts import Emission, Transcript, listen, transcripts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACCEPTS = ("transcript",)
SEARCHES = ("greedy", "beam")
METRICS = (
    MetricSpec("label_error_rate", "fraction", False),
    MetricSpec("exact_match", "fraction", True),
    MetricSpec("loss", "nats", False),
)


@TASKS.register(
    "ctc",
    description="a shorter sequence for a long one (N to M <= N) without an alignment: speech to text",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class ConnectionistTemporalClassifier(SequenceTask):
    """Log-probabilities (B, T', V) of labels, 0 the blank, for frames (B, T, I); T' = ceil(T / stride).

    The loss is -log p of a row's transcript, in nats (``modules.ctc``); a row that is too short to say its transcript
    is an error. What is measured of the transcripts found: ``label_error_rate``, edit distances over the labels that
    there are; ``exact_match``, the share of the rows that are found without a mistake.

    Args:
        spec: the datamodule's, of kind "transcript".
        layer: any registered architecture, or "none" (no recurrence: each step is judged by itself).
        hidden_size, num_layers, bidirectional: of the recurrent layers.
        dropout: between the recurrent layers (where there is no ``input_dropout``) and before the labels' scores.
        input_dropout, input_dropout_kind: of the inputs of every recurrent layer; "locked": one mask for all steps of a
            sequence, "fresh": another at every step.
        stack, stride: frames joined to a step, and frames from one step to the next; ``None``: as many.
        embedding: channels: "learned" (a linear map) or "none"; tokens: "learned" or "one_hot".
        embedding_size, embedding_std: of the embedding; a learned table starts as normal noise of this deviation.
        embedding_dropout, word_dropout: of an embedding's entries, and of whole steps.
        evaluate_by: "greedy": the likeliest label of each step; "beam": a search over prefixes
            (``modules.ctc_decoding``).
        beam: prefixes that the search keeps.
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
        stack: int = 1,
        stride: int | None = None,
        embedding: str = "learned",
        embedding_size: int = 64,
        embedding_std: float = 0.1,
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
        evaluate_by: str = "greedy",
        beam: int = 8,
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
        self.symbols = labels_of(self.spec)
        if evaluate_by not in SEARCHES:
            raise unknown("search", evaluate_by, SEARCHES)
        if beam < 1:
            raise ValueError(f"beam is {beam}; expected at least 1 prefix.")
        if self.spec["input"] == "tokens" and stack != 1:
            raise ValueError(f"stack is {stack} and the data's input is 'tokens'; only channels are joined, use 1.")
        self.evaluate_by, self.beam = evaluate_by, beam
        self.stacking = FrameStacking(stack, stack if stride is None else stride)
        self.encoder = Encoder(
            self.spec["input"],
            self.spec["input_size"] * stack,
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
        self.head = nn.Linear(self.encoder.output_size, len(self.symbols))
        initialize(self.encoder, self.head, initialization)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Log-probabilities (B, T', V), float32 at least, of ``inputs`` (B, T, I); ``lengths`` (B,) on the CPU."""
        steps, lengths = self.stacking(inputs, lengths)  # (B, T', stack * I)
        features, _ = self.encoder(steps, lengths)  # (B, T', O)
        return self.scores(features if self.dropout is None else self.dropout(features))

    def scores(self, features: Tensor) -> Tensor:
        """Log-probabilities (..., V) of features (..., O)."""
        scores = self.head(features)
        return torch.log_softmax(scores if scores.dtype == torch.float64 else scores.float(), dim=-1)

    def losses(self, outputs: Tensor, batch: SequenceBatch) -> Tensor:
        """-log p of each row's transcript (B,), in nats.

        Raises:
            ValueError: a row is too short to say its transcript, or that is none; see ``modules.ctc``.
        """
        return ctc_losses(outputs, self.stacking.steps(batch.lengths), batch.targets)

    def measures(self, outputs: Tensor, batch: SequenceBatch) -> dict[str, Any]:
        """Whether each row is found without a mistake; and of all that count, the edit distances and the labels."""
        found = self.find(outputs, batch)
        expected = [[label for label in row if label] for row in batch.targets.tolist()]
        errors = [edit_distance(one, other) for one, other in zip(found, expected, strict=True)]
        counts = [weight > 0 for weight in batch.weights.tolist()]
        return {
            "label_error_rate": (
                sum(error for error, count in zip(errors, counts, strict=True) if count),
                sum(len(row) for row, count in zip(expected, counts, strict=True) if count),
            ),
            "exact_match": torch.tensor([not error for error in errors], device=outputs.device),
        }

    def find(self, outputs: Tensor, batch: SequenceBatch) -> list[list[int]]:
        """The labels of each row's transcript, found as ``evaluate_by`` says."""
        lengths = self.stacking.steps(batch.lengths)
        if self.evaluate_by == "greedy":
            return [path.labels for path in best_paths(outputs, lengths)]
        return [prefixes[0].labels for prefixes in prefix_search(outputs, lengths, self.beam)]

    def create_meter(self, metric: MetricSpec) -> Metric:
        """Of the label error rate, which is no mean over rows, one that counts."""
        return LabelErrorRate() if metric.name == "label_error_rate" else super().create_meter(metric)

    def answers(self, outputs: Tensor, batch: SequenceBatch) -> list[Transcript]:
        """The transcript of each row, and when each symbol is said."""
        return transcripts(self, outputs, batch, self.beam if self.evaluate_by == "beam" else None)

    @torch.inference_mode()
    def predict(self, raw: list[Any], batch_size: int = 64, *, beam: int | None = None) -> list[Transcript]:
        """Transcripts of raw input, in its order, on the device where the model is.

        Args:
            raw: what the codec of the data encodes: paths of wav files, their bytes, or (samples, rate).
            batch_size: how many are encoded and run at a time.
            beam: prefixes that a search keeps; 0: the likeliest label of each step; ``None``: as ``evaluate_by`` says.

        Raises:
            ValueError: there is no codec, ``raw`` is a single string, or a number is out of range.
        """
        if beam is None:
            beam = self.beam if self.evaluate_by == "beam" else 0
        answers: list[Transcript] = []
        parts = encoded(self, raw, batch_size)
        with evaluating(self):
            for _, _, batch in parts:
                answers += transcripts(self, self.outputs_of(batch), batch, beam or None)
        return answers

    def listen(self, chunks: Iterable[Any], rate: int | None = None) -> Iterator[Emission]:
        """The symbols of a sound while it is spoken, each as soon as it is known: those of ``predict(beam=0)``.

        Args:
            chunks: samples (N,) or (N, channels) as they come, of any sizes.
            rate: samples a second; ``None``: what the model was trained with.

        Raises:
            ValueError: there is no codec; the layers look ahead; or the features need the whole sound.
        """
        return listen(self, create_codec(self.codec), chunks, rate)

    def pictures(self, batch: SequenceBatch) -> dict[str, Figure]:
        """ "posteriors" of the first row: its features, and the labels' probabilities over them."""
        from rnnzoo.figures import ctc_posteriors

        if self.spec["input"] != "real":
            return {}
        frames = int(batch.lengths[0])
        with torch.no_grad():
            posteriors = self(batch.inputs[:1, :frames]).exp()[0]  # (T', V)
        return {
            "posteriors": ctc_posteriors(
                batch.inputs[0, :frames].tolist(),
                posteriors.tolist(),
                self.symbols,
                stride=self.stacking.stride,
                frame_seconds=self.spec.get("frame_seconds"),
            )
        }
