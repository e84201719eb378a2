"""The next token of a stream: embed, run through causal layers that carry their state on, predict at every step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from rnnzoo.contracts import MetricSpec, SequenceBatch, Spec
from rnnzoo.metrics import Perplexity
from rnnzoo.modules.stream_encoder import StreamEncoder
from rnnzoo.modules.token_heads import AdaptiveHead, SoftmaxHead
from rnnzoo.registry import TASKS
from rnnzoo.tasks._continuing import Continuation, read, write_on
from rnnzoo.tasks._raw import create_codec
from rnnzoo.tasks._spec import metrics_by_unit
from rnnzoo.tasks._streaming import StreamTask

ACCEPTS = ("next_token",)
METRICS = (
    MetricSpec("perplexity", "tokens", False),
    MetricSpec("loss", "nats", False),
    MetricSpec("nats_per_character", "nats", False),
    MetricSpec("bits_per_character", "bits", False),
)
SHOWN, CONTINUED = 5, 100  # next tokens, and tokens written, in an answer
DRAWN: dict[str, Any] = {"temperature": 0.8, "seed": 0}


class NextToken(NamedTuple):
    """What may come next, the likeliest first."""

    token: str
    probability: float
    probabilities: dict[str, float]  # of the likeliest few

    def line(self, raw: object) -> str:
        """One line for people."""
        return f"{self.token}\t{self.probability:.3f}\t{raw}"


class Continued(NamedTuple):
    """A text written on."""

    text: str  # what the model writes behind what it was given
    token: str  # the likeliest next token
    probability: float
    probabilities: dict[str, float]  # of the likeliest few


@dataclass
class Read:
    """What the model made of a window."""

    features: Tensor  # (B, T, O), what the output layer sees
    raw: Tensor  # (B, T, O), before the last dropout
    state: Any  # behind each row's last step
    nats: Tensor | None = None  # (B, T) -log p of each target, once it has been asked for


@TASKS.register(
    "language_model",
    description="the next token of a stream, its state carried from window to window",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class LanguageModel(StreamTask):
    """Logits (B, T, V) of what follows each of the tokens (B, T); cross entropy in nats; perplexity, bits a character.

    The state behind a batch is where the batch that continues it begins, without its gradient (truncated
    back-propagation through time); rows whose ``starts`` is True begin with the layers' own. Training and evaluation
    have each their own; that of training stands in the checkpoint.

    Perplexity is exp of the mean over all tokens. ``nats_per_character`` and ``bits_per_character`` are told where the
    spec's ``unit`` is "character".

    Args:
        spec: the datamodule's, of kind "next_token".
        layer: any registered, causal architecture.
        hidden_size, num_layers: of the recurrent layers.
        last_size: the hidden size of the last of them; ``None``: as the others.
        embedding_size: of a token's vector.
        dropout: before the output layer.
        input_dropout: of the tokens' vectors.
        hidden_dropout: between the recurrent layers.
        word_dropout: the share of the vocabulary that is left out of a window, see ``modules.stream_encoder``.
        dropout_kind: of the first three, "fresh" at every step or "locked" for a window.
        tied: the output layer's weight is the embedding's; where the last layer has another width, a linear map to the
            embedding's comes between them.
        adaptive_cutoffs: the adaptive softmax with clusters that begin at these token ids; ``None``: a plain one.
        init_range: embedding and output weight begin uniform within plus or minus this.
        activation_penalty, slowness_penalty: added to the loss of training, times the mean square of the features, and
            of their change from step to step (AR and TAR of S. Merity et al., arXiv:1708.02182, section 4.6).
        layer_options: further arguments of the architecture.
        anneal: the learning rate is divided by it after a validation that is no new best; with schedule "constant".
        average_patience: n of NT-ASGD, see ``Annealing``: with "sgd" and a constant rate it is that of the paper.
        optimizer, learning_rate, weight_decay, schedule, warmup, clip_per_tensor, optimizer_options, loss_reduction:
            see ``SequenceTask``.

    Raises:
        UnknownName: a name is not known; near misses follow.
        ValueError: settings that don't go together, a layer that reads from both ends, or a spec of another kind.
    """

    accepts = ACCEPTS
    metric_specs = METRICS

    def __init__(
        self,
        spec: Spec,
        layer: str = "lstm",
        hidden_size: int = 128,
        num_layers: int = 1,
        last_size: int | None = None,
        embedding_size: int = 64,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        hidden_dropout: float = 0.0,
        word_dropout: float = 0.0,
        dropout_kind: str = "fresh",
        tied: bool = False,
        adaptive_cutoffs: list[int] | None = None,
        init_range: float = 0.1,
        activation_penalty: float = 0.0,
        slowness_penalty: float = 0.0,
        layer_options: dict[str, Any] | None = None,
        anneal: float | None = None,
        average_patience: int | None = None,
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
            anneal=anneal,
            average_patience=average_patience,
        )
        self.save_hyperparameters()
        if tied and adaptive_cutoffs is not None:
            raise ValueError(
                f"tied is True and adaptive_cutoffs is {adaptive_cutoffs}: its rare tokens have vectors of less width "
                "than the embedding's. Use one of them."
            )
        V = int(self.spec["output_size"])
        self.encoder = StreamEncoder(
            self.spec["input"],
            self.spec["input_size"],
            layer=layer,
            hidden_size=hidden_size,
            num_layers=num_layers,
            last_size=last_size,
            embedding_size=embedding_size,
            dropout=dropout,
            input_dropout=input_dropout,
            hidden_dropout=hidden_dropout,
            word_dropout=word_dropout,
            dropout_kind=dropout_kind,
            padding_id=self.spec.get("padding_id"),
            layer_options=layer_options,
        )
        table = self.encoder.embedding.map
        if not isinstance(table, nn.Embedding) or table.num_embeddings != V:
            raise ValueError(
                f"the data's input is '{self.spec['input']}' of size {self.spec['input_size']} and its output_size {V};"
                " expected tokens in and the same tokens out."
            )
        nn.init.uniform_(table.weight, -init_range, init_range)
        width = self.encoder.output_size
        self.head: SoftmaxHead | AdaptiveHead
        if adaptive_cutoffs is None:
            self.head = SoftmaxHead(width, V, tied=table if tied else None, init_range=init_range)
        else:
            self.head = AdaptiveHead(width, V, adaptive_cutoffs)
        self.activation_penalty = activation_penalty
        self.slowness_penalty = slowness_penalty

    def metrics_of(self, spec: dict[str, Any]) -> tuple[MetricSpec, ...]:
        """Those that the spec's unit has."""
        return metrics_by_unit(METRICS, spec)

    def create_meter(self, metric: MetricSpec) -> Metric:
        """Perplexity is exp of a mean."""
        return Perplexity() if metric.name == "perplexity" else super().create_meter(metric)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None, state: Any = None, *, logits: bool = True) -> Any:
        """What follows each of the tokens (B, T), which begin a stream or continue it from ``state``.

        Args:
            inputs, lengths, state: (B, T) token ids, (B,) on the CPU or ``None`` for all T, as the encoder gave it.
            logits: give logits (B, T, V) (log probabilities with the adaptive softmax); else the encoder's ``Encoded``,
                of which losses are computed in less memory.
        """
        encoded = self.encoder(inputs, state, lengths)
        return self.head(encoded.features) if logits else encoded

    def outputs_of(self, batch: SequenceBatch) -> Read:
        """The features of a window that continues the one before it."""
        state = self.carried.before(batch.starts, self.encoder.initial_state)
        encoded = self(batch.inputs, batch.lengths, state, logits=False)
        self.carried.keep(len(batch.starts), encoded.state)
        return Read(*encoded)

    def losses(self, outputs: Read, batch: SequenceBatch) -> Tensor:
        """-log p of each token in nats (B, T); in training with the penalties, which are of the mean over all."""
        if outputs.nats is None:
            outputs.nats = self.head.losses(outputs.features, batch.targets)
        if not self.training or not (self.activation_penalty or self.slowness_penalty):
            return outputs.nats
        losses = outputs.nats + self.activation_penalty * outputs.features.square().mean(dim=-1)
        T = losses.shape[1]
        if self.slowness_penalty and T > 1:
            change = outputs.raw.diff(dim=1).square().mean(dim=-1)  # (B, T - 1)
            losses = losses + self.slowness_penalty * nn.functional.pad(change, (1, 0)) * (T / (T - 1))
        return losses

    def measures(self, outputs: Read, batch: SequenceBatch) -> dict[str, Tensor]:
        """-log p of each token (B, T), in nats and in bits."""
        nats = self.losses(outputs, batch)
        return {"perplexity": nats, "nats_per_character": nats, "bits_per_character": nats / math.log(2)}

    def answers(self, outputs: Read, batch: SequenceBatch) -> list[Continued]:
        """What may follow the last token of each row, and how the text goes on, drawn as ``DRAWN`` says."""
        codec = create_codec(self.codec)
        ends = batch.lengths.to(outputs.features.device) - 1  # (B,)
        last = outputs.features[torch.arange(len(ends), device=ends.device), ends]  # (B, O)
        likely = self._likeliest(last, SHOWN)
        tokens = Continuation(self, last, outputs.state, **DRAWN)
        written = torch.stack([next(tokens) for _ in range(CONTINUED)], dim=1).tolist()  # (B, CONTINUED)
        return [Continued(codec.join(codec.decode(ids)), *one) for ids, one in zip(written, likely, strict=True)]

    def generate(self, prompt: str, length: int = 200, **settings: Any) -> str:
        """The text that the model writes behind ``prompt``; the arguments are those of ``stream``."""
        return "".join(self.stream(prompt, length, **settings))

    def stream(
        self,
        prompt: str,
        length: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        stop: str | None = None,
    ) -> Iterator[str]:
        """The text behind ``prompt``, piece by piece as it is written: a character, or a word with its blank.

        Any length takes the same memory: a state, and a step of the layers for each token.

        Args:
            prompt: at least one token.
            length: how many tokens at most.
            temperature: what logits are divided by; 0: always the likeliest token.
            top_k: draw among so many of the likeliest tokens.
            top_p: draw among the likeliest tokens that together have this probability.
            seed: of the drawing: the same text each time.
            stop: end where this text has been written.

        Raises:
            ValueError: a setting outside what is said here, no codec, or a prompt that it cannot encode.
        """
        return write_on(self, prompt, length, stop, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)

    def what_comes_next(self, prompt: str, k: int = SHOWN) -> NextToken:
        """The likeliest token behind ``prompt``, and the probabilities of the ``k`` likeliest.

        Raises:
            ValueError: ``k`` below 1, no codec, or a prompt that it cannot encode.
        """
        if k < 1:
            raise ValueError(f"k is {k}; expected at least 1.")
        _, last, _ = read(self, prompt)
        return self._likeliest(last, k)[0]

    @torch.no_grad()
    def _likeliest(self, features: Tensor, k: int) -> list[NextToken]:
        """Of features (B, O)."""
        codec = create_codec(self.codec)
        best = self.head(features).float().softmax(dim=-1).topk(min(k, int(self.spec["output_size"])), dim=-1)
        rows = zip(best.values.tolist(), best.indices.tolist(), strict=True)
        found = [dict(zip(codec.decode(ids), chances, strict=True)) for chances, ids in rows]
        return [NextToken(*next(iter(one.items())), one) for one in found]
