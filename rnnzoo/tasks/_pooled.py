"""What tasks share that make one thing of a whole sequence: embed, run through recurrent layers, pool over time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import GateValues, SequenceBatch
from rnnzoo.modules.encoder import Encoder
from rnnzoo.modules.pooling import create_pooling
from rnnzoo.tasks._base import SequenceTask
from rnnzoo.tasks._raw import check_raw, create_codec, each_step, evaluating
from rnnzoo.tasks._word_vectors import WordVectorStart


class PooledTask(SequenceTask):
    """A sequence (B, T) of tokens or (B, T, I) of channels as one vector (B, O), and a head on it.

    A concrete task calls ``pool`` in its ``__init__`` and then sets its ``head``.
    """

    encoder: Encoder
    pooling: nn.Module
    dropout: nn.Module | None
    head: nn.Module

    def pool(
        self,
        *,
        pooling: str = "last",
        dropout: float = 0.0,
        embedding_vectors: str | None = None,
        embedding_frozen: bool = False,
        **encoder: Any,
    ) -> int:
        """Make the encoder and the pooling.

        Args:
            pooling: "last", "mean", "max" or "attention".
            dropout: between the recurrent layers and before the head.
            embedding_vectors, embedding_frozen: pretrained word vectors, and whether the embedding stays as it begins.
            encoder: the other arguments of ``Encoder``, but for those in the spec.

        Returns:
            O, the width of what is pooled.

        Raises:
            UnknownName: a name is not known; near misses follow.
            ValueError: settings that don't go together.
        """
        self.encoder = Encoder(
            self.spec["input"],
            self.spec["input_size"],
            dropout=dropout,
            padding_id=self.spec.get("padding_id"),
            image=self.spec.get("image"),
            **encoder,
        )
        self.word_vectors = WordVectorStart(self, self.encoder.embedding, embedding_vectors, embedding_frozen)
        self.pooling = create_pooling(pooling, self.encoder.output_size, self.encoder.directions)
        self.dropout = nn.Dropout(dropout) if dropout else None
        return self.encoder.output_size

    def setup(self, stage: str) -> None:
        """Take the codec from the datamodule, and the word vectors when a training begins."""
        super().setup(stage)
        if stage == "fit":
            self.word_vectors.begin(getattr(self.trainer, "datamodule", None), self.trainer.is_global_zero)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What the head makes of ``inputs`` (B, T) or (B, T, I): (B, V) or (B, F).

        ``lengths`` (B,) are on the CPU; ``None``: all steps count.
        """
        features, lengths = self.encoder(inputs, lengths)  # (B, T, O)
        pooled = self.pooling(features, lengths)  # (B, O)
        if self.dropout is not None:
            pooled = self.dropout(pooled)
        return self.head(pooled)

    @torch.no_grad()
    def gate_values(self, raw: list[Any]) -> dict[str, GateValues]:
        """Gates and states inside the recurrent layers over raw input, in eval mode.

        Args:
            raw: as for ``predict``.

        Returns:
            One `GateValues` of tensors (B, T, width) a layer and direction, "l0", "l0_reverse", "l1", ..., see
            ``rnnzoo.gate_values``; `steps` names the T steps.

        Raises:
            ValueError: there is no codec, ``raw`` is a single string, or the layer has no gates (`NoGates`).
        """
        batch = create_codec(self.codec).encode(check_raw(raw))
        with evaluating(self):
            return self.encoder.gate_values(batch.inputs.to(self.device), batch.lengths)

    def steps(self, raw: list[Any]) -> list[list[str]]:
        """What is read at each step of raw input: its token ("" for padding), or its number where it has channels.

        Raises:
            ValueError: there is no codec, or ``raw`` is a single string.
        """
        return self.steps_of(create_codec(self.codec).encode(check_raw(raw)))

    def steps_of(self, batch: SequenceBatch) -> list[list[str]]:
        """As ``steps``, of a batch.

        Raises:
            ValueError: there is no codec.
        """
        codec = create_codec(self.codec)
        return each_step(batch.inputs, batch.lengths, codec if self.spec["input"] == "tokens" else None)
