"""A sequence for a sequence, of any lengths: an encoder, a decoder, and attention between them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import PairBatch, Spec
from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.encoder_decoder import EncoderDecoder
from rnnzoo.modules.greedy_search import Hypothesis
from rnnzoo.modules.initialization import initialize
from rnnzoo.registry import TASKS
from rnnzoo.tasks._teacher_forcing import TeacherForcing
from rnnzoo.tasks._writing import METRICS, WritingTask

ACCEPTS = ("pair",)


@TASKS.register(
    "sequence_to_sequence",
    description="a sequence for a sequence (N to M): translation, normalising, summarising, answering",
    accepts=ACCEPTS,
    metrics=METRICS,
)
class SequenceToSequence(WritingTask):
    """Logits (B, M, V) of target tokens for sources (B, T) of tokens or (B, T, I) of channels.

    How it is trained and measured, and how it writes: see ``tasks._writing``.

    Args:
        spec: the datamodule's, of kind "pair".
        layer, hidden_size, num_layers, bidirectional, layer_options: of the encoder.
        decoder_layer, decoder_hidden_size, decoder_num_layers, decoder_layer_options: of the decoder; ``None``: those
            of the encoder.
        dropout: between the layers and before the logits.
        embedding: of the source, tokens: "learned" or "one_hot"; channels: "learned" or "none".
        embedding_size, embedding_std, embedding_dropout, word_dropout: of both sides' embeddings.
        context: "last" state of the encoder, "transform" of it, or "transform_all" of all its states.
        context_size, context_pooling: of the transforms, see ``modules.context``.
        injection: where the context goes: "initial" state of the decoder, "every" step's input, "both" or "none".
        start: the decoder's initial state: "context", "zeros" or "random"; ``None``: as the injection has it.
        bridge: from the context to the state, see ``modules.bridge``; ``None``: as the states allow.
        attention: "none", "cosine", "bilinear", "additive", "dot", "scaled_dot" or "multi_head".
        attention_place: "output" (Luong) or "input" (Bahdanau): behind the decoder's layers or before them.
        attention_size, attention_heads, learned_temperature: of "additive", "multi_head" and "cosine".
        input_feeding: what attention made of a step is an input of the next.
        tied: the logits' weights are the target embedding's.
        teacher_forcing, teacher_forcing_schedule, teacher_forcing_end, teacher_forcing_steps: see
            ``tasks._teacher_forcing``.
        label_smoothing, evaluate_by, beam, length_penalty, coverage_penalty, longest, longest_ratio, decode_validation,
            bleu_tokenize, bleu_lowercase: see ``tasks._writing``.
        initialization: see ``modules.initialization``.
        optimizer, learning_rate, weight_decay, schedule, warmup, clip_per_tensor, optimizer_options, loss_reduction:
            see ``SequenceTask``.

    Raises:
        UnknownName: a name is not known; near misses follow.
        ValueError: settings that don't go together, or a spec of another kind.
    """

    accepts = ACCEPTS

    def __init__(
        self,
        spec: Spec,
        layer: str = "lstm",
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        decoder_layer: str | None = None,
        decoder_hidden_size: int | None = None,
        decoder_num_layers: int | None = None,
        dropout: float = 0.0,
        embedding: str = "learned",
        embedding_size: int = 64,
        embedding_std: float = 0.1,
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
        layer_options: dict[str, Any] | None = None,
        decoder_layer_options: dict[str, Any] | None = None,
        context: str = "last",
        context_size: int | None = None,
        context_pooling: str = "mean",
        injection: str = "initial",
        start: str | None = None,
        bridge: str | None = None,
        attention: str = "none",
        attention_place: str = "output",
        attention_size: int | None = None,
        attention_heads: int = 4,
        learned_temperature: bool = True,
        input_feeding: bool = False,
        tied: bool = False,
        teacher_forcing: float = 1.0,
        teacher_forcing_schedule: str = "constant",
        teacher_forcing_end: float = 0.0,
        teacher_forcing_steps: int = 0,
        label_smoothing: float = 0.0,
        evaluate_by: str = "greedy",
        beam: int = 5,
        length_penalty: float = 0.6,
        coverage_penalty: float = 0.0,
        longest: int = 200,
        longest_ratio: float = 2.0,
        decode_validation: bool = False,
        bleu_tokenize: str = "13a",
        bleu_lowercase: bool = True,
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
            label_smoothing=label_smoothing,
            evaluate_by=evaluate_by,
            beam=beam,
            length_penalty=length_penalty,
            coverage_penalty=coverage_penalty,
            longest=longest,
            longest_ratio=longest_ratio,
            decode_validation=decode_validation,
            bleu_tokenize=bleu_tokenize,
            bleu_lowercase=bleu_lowercase,
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
        self.forcing = TeacherForcing(
            teacher_forcing, teacher_forcing_schedule, teacher_forcing_end, teacher_forcing_steps
        )
        embedded: dict[str, Any] = {"embedding_size": embedding_size, "embedding_std": embedding_std}
        embedded |= {"embedding_dropout": embedding_dropout, "word_dropout": word_dropout, "dropout": dropout}
        encoder = Encoder(
            self.spec["input"],
            self.spec["input_size"],
            layer=layer,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            embedding=embedding,
            padding_id=self.spec.get("padding_id"),
            layer_options=layer_options,
            **embedded,
        )
        same = decoder_layer in (None, layer)
        asked = {"size": attention_size, "heads": attention_heads, "learned_temperature": learned_temperature}
        decoder = {
            "vocabulary": self.spec["output_size"],
            "layer": decoder_layer or layer,
            "hidden_size": decoder_hidden_size or hidden_size,
            "num_layers": decoder_num_layers or num_layers,
            "layer_options": layer_options if decoder_layer_options is None and same else decoder_layer_options,
            "padding_id": self.padding,
            "attention": attention,
            "attention_place": attention_place,
            "attention_options": asked,
            "input_feeding": input_feeding,
            "tied": tied,
            **embedded,
        }
        told: dict[str, Any] = {"context": context, "context_size": context_size, "context_pooling": context_pooling}
        told |= {"injection": injection, "start": start, "bridge": bridge}
        self.model = EncoderDecoder(encoder, decoder=decoder, **told)
        initialize(self.model, self.model.decoder.head, initialization)

    def forward(self, source: Tensor, source_lengths: Tensor | None, inputs: Tensor) -> Tensor:
        """Logits (B, M, V) where the decoder reads ``inputs`` (B, M) behind ``source`` (B, T) or (B, T, I)."""
        given, share = None, 1.0
        if self.training and (self.forcing.start < 1 or self.forcing.schedule != "constant"):
            share = self.forcing.at(self.global_step)
        if share < 1:
            given = torch.rand(inputs.shape, device=inputs.device) < share  # (B, M)
        return self.model(source, source_lengths, inputs, given)[0]

    def outputs_of(self, batch: PairBatch) -> Tensor:
        """Logits (B, M, V)."""
        return self(batch.source, batch.source_lengths, batch.inputs)

    def write(self, batch: PairBatch, beam: int, **options: Any) -> list[list[Hypothesis]]:
        """The hypotheses for the sources of a batch; see ``EncoderDecoder.search``."""
        return self.model.search(batch.source, batch.source_lengths, beam=beam, **options)
