"""One label for every step: embed, run through recurrent layers, score the tags of each step, choose them."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from rnnzoo.contracts import MetricSpec, SequenceBatch, Spec
from rnnzoo.metrics import SpanScore
from rnnzoo.modules.characters import create_characters
from rnnzoo.modules.crf import CRF
from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.initialization import initialize
from rnnzoo.modules.pooling import create_pooling
from rnnzoo.ops.ragged import mask
from rnnzoo.registry import TASKS
from rnnzoo.tasks._base import SequenceTask
from rnnzoo.tasks._cross_entropy import cross_entropy
from rnnzoo.tasks._raw import create_codec, each_step
from rnnzoo.tasks._spec import labels_of
from rnnzoo.tasks._tagged_sentence import TaggedSentence, joined, tagged_sentence
from rnnzoo.tasks._tags import TagDecoder, check_tagging, likeliest_legal

ACCEPTS = ("tags",)
SPAN_METRICS = ("f1", "precision", "recall")
METRICS = (
    MetricSpec("f1", "fraction", True),
    MetricSpec("precision", "fraction", True),
    MetricSpec("recall", "fraction", True),
    MetricSpec("accuracy", "fraction", True),
    MetricSpec("exact_match", "fraction", True),
    MetricSpec("intent_accuracy", "fraction", True),
    MetricSpec("illegal", "fraction", False),
    MetricSpec("loss", "nats", False),
)


@TASKS.register(
    "sequence_tagging",
    description="one of V labels for every step (N to N), and one for the whole where the data have such",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class SequenceTagger(SequenceTask):
    """Scores (B, T, V) for sequences (B, T) of tokens or (B, T, I) of channels; the loss is in nats a step.

    What is measured: ``accuracy``, the share of the steps that are right; ``exact_match``, the share of the sequences
    without a mistake; where tags mark spans, ``f1``, ``precision`` and ``recall`` of the spans as conlleval counts
    them, and ``illegal``, the share of the steps whose likeliest tag the scheme does not allow there; where sentences
    have a label too, ``intent_accuracy``. Steps of weight 0 count in none of them, as if they were not there.

    Data with intents give dicts of "tags" and "intent", as outputs and as targets. The loss of a sentence is then that
    of its tags and ``intent_weight`` times that of its intent.

    Args:
        spec: the datamodule's, of kind "tags".
        layer: any registered architecture, or "none" (no recurrence: each step is judged by itself).
        hidden_size, num_layers, bidirectional: of the recurrent layers.
        dropout: between the recurrent layers (where there is no ``input_dropout``) and before the scores.
        input_dropout, input_dropout_kind: of the inputs of every recurrent layer; "locked": one mask for all steps of a
            sequence, "fresh": another at every step.
        embedding: tokens: "learned" or "one_hot"; channels: "learned" (a linear map) or "none"; images: "cnn", too.
        embedding_size, embedding_std: of the embedding; a learned table starts as normal noise of this deviation.
        embedding_dropout, word_dropout: of an embedding's entries, and of whole tokens (not of their characters).
        characters: what is made of each word's characters, beside the word's embedding: "cnn" (Ma and Hovy 2016),
            "lstm" (Lample et al. 2016) or "none"; see ``modules.characters``.
        character_embedding_size, character_size, character_dropout: of it: of each character; of the whole word; the
            share of the characters' embeddings that is dropped.
        output: "softmax": each step by itself; "crf": all tags of a sentence together (``modules.crf``).
        constrained: the field gives tags that the scheme does not allow no probability, in training too.
        illegal: what becomes of answers that the scheme does not allow: "repair": the spans that conlleval sees in them
            stay, and the tags become legal; "refuse": the likeliest legal tags are sought instead; "keep": nothing.
        pooling: of the features from which a sentence's intent is told: "last", "mean", "max" or "attention".
        intent_weight: of the intent's loss.
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
        characters: str = "none",
        character_embedding_size: int = 30,
        character_size: int = 30,
        character_dropout: float = 0.0,
        output: str = "softmax",
        constrained: bool = False,
        illegal: str = "repair",
        pooling: str = "max",
        intent_weight: float = 1.0,
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
        self.intents = [str(intent) for intent in self.spec.get("intents") or ()]
        check_tagging(self.spec, characters, output, constrained, intent_weight)
        self.intent_weight = intent_weight
        self.characters = create_characters(
            characters,
            int(self.spec.get("characters", 0)),
            embedding_size=character_embedding_size,
            output_size=character_size,
            dropout=character_dropout,
        )
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
            extra_size=0 if self.characters is None else character_size,
            image=self.spec.get("image"),
        )
        width = self.encoder.output_size
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, V)
        self.pooling = create_pooling(pooling, width, self.encoder.directions) if self.intents else None
        self.intent_head = nn.Linear(width, len(self.intents)) if self.intents else None
        self.decoder = TagDecoder(self.labels, self.spec.get("scheme", "none"), illegal)
        self.crf = CRF(V, self.decoder.allowed if constrained else None) if output == "crf" else None
        heads = [head for head in (self.head, self.intent_head) if head is not None]
        initialize(self.encoder, nn.ModuleList(heads), initialization)

    def metrics_of(self, spec: dict[str, Any]) -> tuple[MetricSpec, ...]:
        """Those of spans where there is a scheme, that of intents where there are such, and the others."""
        spans, intents = spec.get("scheme", "none") != "none", bool(spec.get("intents"))
        needs = {**dict.fromkeys((*SPAN_METRICS, "illegal"), spans), "intent_accuracy": intents}
        return tuple(metric for metric in METRICS if needs.get(metric.name, True))

    def create_meter(self, metric: MetricSpec) -> Metric:
        """Of spans, which are no elements of a batch, one that counts."""
        return SpanScore(metric.name) if metric.name in SPAN_METRICS else super().create_meter(metric)

    def forward(self, inputs: Any, lengths: Tensor | None = None) -> Any:
        """The scores of the tags (B, T, V); with intents a dict of "tags" and "intent" (B, number of intents).

        Args:
            inputs: (B, T) or (B, T, I), or a dict of "words" (B, T) and "characters" (B, T, C).
            lengths: (B,) on the CPU; ``None``: all steps count.
        """
        steps = inputs["words"] if isinstance(inputs, dict) else inputs
        extra = None if self.characters is None else self.characters(inputs["characters"])  # (B, T, character_size)
        features, lengths = self.encoder(steps, lengths, extra)  # (B, T, O)
        scores = self._scores(self.dropout(features))  # (B, T, V)
        if self.pooling is None or self.intent_head is None:
            return scores
        return {"tags": scores, "intent": self.intent_head(self.dropout(self.pooling(features, lengths)))}

    def _scores(self, features: Tensor) -> Tensor:
        if self.crf is None:
            return self.head(features)
        with torch.autocast(features.device.type, enabled=False):  # over a sentence the roundings add up
            return self.head(features.to(self.head.weight.dtype))

    def losses(self, outputs: Any, batch: SequenceBatch) -> Tensor:
        """Of each step (B, T), in nats: its tag's, or its equal part of the sentence's; and its part of the intent's.

        Raises:
            ValueError: a target outside 0..V-1 (on the CPU; a GPU stops with its own assertion), or tags to which a
                constrained field gives no probability.
        """
        scores, tags = (_tags(each) for each in (outputs, batch.targets))
        known = batch.weights > 0  # (B, T)
        parts = known.sum(dim=1, keepdim=True).clamp(min=1)  # (B, 1)
        if self.crf is not None:
            losses = (self.crf(scores, tags, batch.lengths, known)[:, None] / parts).expand_as(tags)  # (B, T)
        else:
            losses = cross_entropy(scores.flatten(0, 1), tags.flatten()).view_as(tags)  # (B, T)
        if self.intents:
            intent = cross_entropy(outputs["intent"], batch.targets["intent"])  # (B,)
            losses = losses + self.intent_weight * intent[:, None] / parts
        return losses

    def measures(self, outputs: Any, batch: SequenceBatch) -> dict[str, Any]:
        """Which steps, sentences and intents are right, which steps are illegal, and the counts of the spans."""
        targets, weights = _tags(batch.targets), batch.weights
        tags, illegal = self._decode(outputs, batch)  # (B, T) each
        right, counts = tags == targets, weights > 0  # (B, T)
        real = counts.any(dim=1).to(weights.dtype)  # (B,)
        whole = (right | ~counts).all(dim=1)  # (B,)
        found: dict[str, Any] = {"accuracy": right}
        if self.intents:
            intent = outputs["intent"].argmax(dim=1) == batch.targets["intent"]  # (B,)
            found["intent_accuracy"] = (intent, real)
            whole = whole & intent
        found["exact_match"] = (whole, real)
        if self.decoder.scheme != "none":
            spans = self.decoder.count(tags, targets, weights)
            found |= {"illegal": illegal, **dict.fromkeys(SPAN_METRICS, spans)}
        return found

    def choices(self, outputs: Any, batch: SequenceBatch) -> tuple[Tensor, Tensor]:
        """The tag chosen for each step and the right one, (B, T) each."""
        return self._decode(outputs, batch)[0], _tags(batch.targets)

    def answers(self, outputs: Any, batch: SequenceBatch) -> list[TaggedSentence]:
        """The tags of each row; its text are the tokens as the model knows them, with blanks between."""
        return self._answers(outputs, batch, [joined(tokens) for tokens in self._tokens(batch)])

    def answers_to(self, raw: list[Any], codec: Any, outputs: Any, batch: SequenceBatch) -> list[TaggedSentence]:
        """As ``answers``, with the text as it was given; of a list of words, these with blanks between."""
        if not hasattr(codec, "steps"):
            return self.answers(outputs, batch)
        texts = [(item if isinstance(item, str) else " ".join(item), codec.steps(item)) for item in raw]
        return self._answers(outputs, batch, texts)

    def _answers(self, outputs: Any, batch: SequenceBatch, texts: list[Any]) -> list[TaggedSentence]:
        scores = _tags(outputs)  # (B, T, V)
        tags, illegal = self._decode(outputs, batch)  # (B, T)
        shares = scores.float().softmax(dim=2) if self.crf is None else self.crf.marginals(scores, batch.lengths)
        V = scores.shape[2]
        chosen = shares.gather(2, tags.clamp(max=V - 1)[..., None]).squeeze(2).masked_fill(tags >= V, 0)  # (B, T)
        counts = (illegal & mask(batch.lengths.to(illegal.device), illegal.shape[1])).sum(dim=1).tolist()
        intents: list[Any] = [(None, None)] * len(texts)
        if self.intents:
            likeliest = outputs["intent"].float().softmax(dim=1).max(dim=1)  # (B,) each
            labels = [self.intents[intent] for intent in likeliest.indices.tolist()]
            intents = list(zip(labels, likeliest.values.tolist(), strict=True))
        rows = zip(texts, tags.tolist(), chosen.tolist(), batch.lengths.tolist(), counts, intents, strict=True)
        return [
            tagged_sentence(
                text, steps[:n], self.decoder.read(ids[:n]), values[:n], self.decoder.spans(ids[:n])
            )._replace(illegal=count, intent=intent, intent_probability=probability)
            for (text, steps), ids, values, n, count, (intent, probability) in rows
        ]

    def _decode(self, outputs: Any, batch: SequenceBatch) -> tuple[Tensor, Tensor]:
        """The tags (B, T), and where the likeliest ones were illegal."""
        scores = _tags(outputs)
        if self.crf is None:
            return self.decoder.choose(scores.argmax(dim=2), batch.lengths, partial(likeliest_legal, scores))
        best = self.crf.decode(scores, batch.lengths)
        return self.decoder.choose(best, batch.lengths, partial(self.crf.decode, scores))

    def _tokens(self, batch: SequenceBatch) -> list[list[str]]:
        steps = batch.inputs["words"] if isinstance(batch.inputs, dict) else batch.inputs
        numbered = self.codec is None or self.spec["input"] != "tokens"
        return each_step(steps, batch.lengths, None if numbered else create_codec(self.codec))


def _tags(value: Any) -> Tensor:
    """Of tags and intents the tags."""
    return value["tags"] if isinstance(value, dict) else value
