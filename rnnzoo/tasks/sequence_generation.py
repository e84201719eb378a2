"""A sequence for one input (1 to N): a class, a vector or a flattened image, and the text that is written for it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import Metric

from rnnzoo.contracts import MetricSpec, PairBatch, Spec
from rnnzoo.metrics import Perplexity
from rnnzoo.modules.beam_search import beam_search
from rnnzoo.modules.conditional_generator import ConditionalGenerator
from rnnzoo.modules.greedy_search import Hypothesis, without
from rnnzoo.modules.sampling import check_sampling, sample
from rnnzoo.registry import TASKS
from rnnzoo.tasks._answers import words
from rnnzoo.tasks._base import SequenceTask
from rnnzoo.tasks._raw import create_codec, encoded, evaluating
from rnnzoo.tasks._spec import metrics_by_unit
from rnnzoo.tasks._text_tokens import text_tokens

ACCEPTS = ("emission",)
METRICS = (
    MetricSpec("loss", "nats", False),
    MetricSpec("perplexity", "tokens", False),
    MetricSpec("nats_per_character", "nats", False),
    MetricSpec("bits_per_character", "bits", False),
    MetricSpec("exact_match", "fraction", True),
)


class Generated(NamedTuple):
    """What a model wrote for one input."""

    text: str
    log_probability: float  # nats, of all tokens and the end
    ended: bool  # by itself; else it was cut at the longest that it may be


@TASKS.register(
    "sequence_generation",
    description="a sequence for a class, a vector or an image (1 to N), the input given at the first step or at every",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class SequenceGenerator(SequenceTask):
    """Logits (B, M, V) of the next token at every step; cross entropy in nats a token, the end token with it.

    Per character, all of a text's nats, its end's too, are divided by its characters: of data whose spec's ``unit`` is
    "character". Where the input is an image, of which there is one right text, ``exact_match`` is the share of the
    texts that greedy writing gets right as a whole.

    Args:
        spec: the datamodule's, of kind "emission".
        layer: any registered, causal architecture.
        injection: where the input enters: at the "first" step, zeros behind it; at "every" step; or as the layers'
            "initial" state.
        condition: how numbers become the input's vector: "linear", or "cnn" for an image, see
            ``modules.frame_encoder``.
        condition_size: width of the input's vector.
        hidden_size, num_layers: of the recurrent layers.
        dropout: between the recurrent layers and before the logits.
        embedding_size, embedding_std, embedding_dropout, word_dropout: of the embedding of the token before.
        tied: the logits' weight is the embedding's table.
        max_length: tokens that a text may have, its end with it.
        layer_options: further arguments of the architecture.
        optimizer, learning_rate, weight_decay, schedule, warmup, clip_per_tensor, optimizer_options, loss_reduction:
            see ``SequenceTask``.

    Raises:
        UnknownName: a name is not known; near misses follow.
        ValueError: a spec of another kind, or without begin and end; a layer that is not causal.
    """

    accepts = ACCEPTS
    metric_specs = METRICS

    def __init__(
        self,
        spec: Spec,
        layer: str = "gru",
        injection: str = "first",
        condition: str = "linear",
        condition_size: int = 32,
        hidden_size: int = 128,
        num_layers: int = 1,
        dropout: float = 0.0,
        embedding_size: int = 64,
        embedding_std: float = 0.1,
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
        tied: bool = False,
        max_length: int = 200,
        layer_options: dict[str, Any] | None = None,
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
        if max_length < 1:
            raise ValueError(f"max_length is {max_length}; expected at least 1 token.")
        self.max_length = max_length
        self.begin, self.end, padding, never = text_tokens(self.spec)
        self.register_buffer("never", never, persistent=False)
        self.never: Tensor
        self.generator = ConditionalGenerator(
            self.spec["input"],
            self.spec["input_size"],
            int(self.spec["output_size"]),
            layer=layer,
            injection=injection,
            condition=condition,
            image=self.spec.get("image"),
            condition_size=condition_size,
            hidden_size=hidden_size,
            num_layers=num_layers,
            dropout=dropout,
            embedding_size=embedding_size,
            embedding_std=embedding_std,
            embedding_dropout=embedding_dropout,
            word_dropout=word_dropout,
            padding_id=padding,
            tied=tied,
            layer_options=layer_options,
        )

    def forward(self, source: Tensor, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Logits (B, M, V) for classes (B,) or numbers (B, I) and the tokens before (B, M)."""
        return self.generator(source, inputs, lengths)

    def outputs_of(self, batch: PairBatch) -> Tensor:
        """The logits for each step of a batch."""
        return self(batch.source, batch.inputs, batch.lengths)

    def metrics_of(self, spec: dict[str, Any]) -> tuple[MetricSpec, ...]:
        """Those per character only of texts whose tokens are characters, exact matches only where an image is named."""
        found = metrics_by_unit(METRICS, spec)
        return tuple(metric for metric in found if metric.name != "exact_match" or spec.get("image"))

    def create_meter(self, metric: MetricSpec) -> Metric:
        """exp(mean) for perplexity, else a mean."""
        return Perplexity() if metric.name == "perplexity" else super().create_meter(metric)

    def losses(self, outputs: Tensor, batch: PairBatch) -> Tensor:
        """The cross entropy of each token (B, M), in nats."""
        return F.cross_entropy(outputs.transpose(1, 2), batch.targets, reduction="none")

    def measures(self, outputs: Tensor, batch: PairBatch) -> dict[str, Any]:
        """Nats a token; nats and bits a character, of which the end is none; and which texts are right.

        The text of the likeliest token at each step is the right one if and only if at each step, the right ones read
        before it, the right token is the likeliest: until the first mistake both have read the same.
        """
        nats = self.losses(outputs, batch)  # (B, M)
        characters = (batch.weights * (batch.targets != self.end)).sum()
        each = (nats * batch.weights).double().sum() / characters.clamp(min=1)
        likeliest = outputs.index_fill(2, self.never, -torch.inf).argmax(dim=2)  # (B, M)
        right = (likeliest == batch.targets) | (batch.weights == 0)
        return {
            "perplexity": nats,
            "nats_per_character": (each, characters),
            "bits_per_character": (each / math.log(2), characters),
            "exact_match": (right.all(dim=1), (batch.weights > 0).any(dim=1).to(nats.dtype)),
        }

    def answers(self, outputs: Any, batch: PairBatch) -> list[Generated]:
        """A text for each input, drawn with seed 0."""
        return self._readable(self.write(batch))

    def write(
        self,
        batch: PairBatch,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        beam: int = 0,
        first: int = 0,
    ) -> list[Hypothesis]:
        """A text for each input of a batch, as ``predict`` says; ``first`` is the number of its first input."""
        check_sampling(temperature, top_k, top_p)
        if beam < 0:
            raise ValueError(f"beam is {beam}; expected at least 1, or 0 to draw.")
        state = self.generator.begin(batch.source)
        limits = torch.full((len(batch.lengths),), self.max_length, device=self.device)
        step = without(self.generator.step, self.never)
        ends: dict[str, Any] = {"begin": self.begin, "end": self.end, "limits": limits}
        if beam:
            return [found[0] for found in beam_search(step, state, (), beam=beam, **ends)]
        rows = range(first, first + len(limits))
        draws = [
            torch.rand(self.max_length, generator=torch.Generator().manual_seed(_mixed(seed, row))) for row in rows
        ]
        numbers = torch.stack(draws).to(limits.device)  # (B, L)
        return sample(step, state, numbers=numbers, temperature=temperature, top_k=top_k, top_p=top_p, **ends)

    @torch.inference_mode()
    def predict(
        self,
        raw: list[Any],
        batch_size: int = 256,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        beam: int = 0,
    ) -> list[Generated]:
        """A text for each input, in their order, on the device where the model is.

        The same seed gives the same texts, whatever the batch size; an input that is given several times gets several.

        Args:
            raw: what the codec of the data encodes: names of classes.
            batch_size: how many are written at a time.
            temperature, top_k, top_p: see ``modules.sampling``; a temperature of 0 takes the likeliest token each time.
            seed: of what is drawn.
            beam: above 0: nothing is drawn, and a beam search this wide looks for the likeliest text.

        Raises:
            ValueError: there is no codec, ``raw`` is a single string, or a number is out of range.
        """
        parts = encoded(self, raw, batch_size)
        chosen: dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
        found: list[Generated] = []
        with evaluating(self):
            for _, _, batch in parts:
                found += self._readable(self.write(batch, first=len(found), beam=beam, **chosen))
        return found

    def _readable(self, found: list[Hypothesis]) -> list[Generated]:
        codec = None if self.codec is None else create_codec(self.codec)
        return [Generated(words(one.tokens, codec), one.log_probability, one.ended) for one in found]


def _mixed(seed: int, row: int) -> int:
    """A seed of its own for each row: neighbouring seeds' rows are not each other's."""
    return (seed * 0x9E3779B97F4A7C15 + row * 0xBF58476D1CE4E5B9) & 0x7FFFFFFFFFFFFFFF
