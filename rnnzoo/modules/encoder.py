"""Embedding, then any recurrent layer of the zoo: one vector a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import GateValues
from rnnzoo.layers._gates import no_gates
from rnnzoo.modules.dropped_layers import DroppedLayers
from rnnzoo.modules.embedding import Embedding
from rnnzoo.ops.ragged import unless_full
from rnnzoo.recurrent import create_layer, gate_values


class Encoder(nn.Module):
    """Inputs (B, T) or (B, T, I) as features (B, T, O), O = ``output_size``.

    Args:
        input, input_size, padding_id: of the spec.
        layer: a registered architecture, or "none": the embedding alone.
        hidden_size, num_layers, bidirectional: of the recurrent layers.
        dropout: between the recurrent layers, where there is no ``input_dropout``.
        input_dropout, input_dropout_kind: of the inputs of every recurrent layer, see
            ``DroppedLayers``.
        embedding, embedding_size, embedding_std, embedding_dropout, word_dropout, image: see
            ``Embedding``.
        layer_options: further arguments of the architecture.
        extra_size: width of further features of each step, beside those of the embedding.

    Raises:
        UnknownName: no such layer or kind of dropout.
        ValueError: options or input dropout of a layer where there is none.
    """

    def __init__(
        self,
        input: str,
        input_size: int,
        *,
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
        padding_id: int | None = None,
        layer_options: dict[str, Any] | None = None,
        extra_size: int = 0,
        image: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.embedding = Embedding(
            input,
            input_size,
            kind=embedding,
            embedding_size=embedding_size,
            padding_id=padding_id,
            dropout=embedding_dropout,
            word_dropout=word_dropout,
            std=embedding_std,
            image=image,
        )
        self.directions = 1
        self.recurrent: nn.Module | None = None
        self.output_size = self.embedding.output_size + extra_size
        if layer == "none":
            if layer_options:
                raise ValueError(
                    f"layer_options is {layer_options} and layer is 'none', which takes none; name a layer."
                )
            if input_dropout:
                raise ValueError(f"input_dropout is {input_dropout} and layer is 'none'; use embedding_dropout.")
            return
        self.directions = 2 if bidirectional else 1
        stack: dict[str, Any] = {"num_layers": num_layers, "bidirectional": bidirectional, **(layer_options or {})}
        width = self.output_size
        if input_dropout:
            stack |= {"p": input_dropout, "kind": input_dropout_kind}
            self.recurrent = DroppedLayers(layer, width, hidden_size, **stack)
        else:
            stack |= {"dropout": dropout if num_layers > 1 else 0.0, "batch_first": True}
            self.recurrent = create_layer(layer, width, hidden_size, **stack)
        self.output_size = self.recurrent.output_size

    def forward(
        self, inputs: Tensor, lengths: Tensor | None = None, extra: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Features (B, T, O) and the lengths (B,), or ``None`` where every row fills all T steps.

        ``extra`` (B, T, ``extra_size``) are features of the steps that were made elsewhere.

        Lengths belong on the CPU, as those of ``torch.nn.utils.rnn.pack_padded_sequence``: looking at them there costs
        a few microseconds. They may be elsewhere, and then each call waits for that device.

        Raises:
            TypeError, ValueError: ``inputs`` or ``lengths`` are not of these types, shapes and ranges.
        """
        x, lengths, _ = self.run(inputs, lengths, extra)
        return x, lengths

    def run(
        self, inputs: Tensor, lengths: Tensor | None = None, extra: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None, Any]:
        """As ``forward``, and the final state of the recurrent layers as they give it; ``None`` where there are none.

        Raises:
            TypeError, ValueError: as ``forward``.
        """
        state = None
        x = self._read(inputs, extra)  # (B, T, E)
        lengths = unless_full(lengths, x.shape[0], x.shape[1])
        if self.recurrent is not None:
            x, state = self.recurrent(x, lengths=lengths)  # (B, T, O)
        return x, lengths, state

    def step(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Features (B, O) of one step, tokens (B,) or channels (B, I), and the state behind it, for streams.

        Raises:
            TypeError, ValueError: as ``forward``; or the layers read both ways.
        """
        x = self._read(inputs[:, None], None)[:, 0]  # (B, E)
        return (x, None) if self.recurrent is None else self.recurrent.step(x, state)  # type: ignore[operator]

    def gate_values(
        self, inputs: Tensor, lengths: Tensor | None = None, extra: Tensor | None = None
    ) -> dict[str, GateValues]:
        """Gates and states of the recurrent layers, (B, T, width) each; see ``rnnzoo.gate_values``.

        Raises:
            NoGates: there is no recurrent layer, or one without gates.
            TypeError, ValueError: as ``forward``.
        """
        if self.recurrent is None:
            raise no_gates("none")
        return gate_values(self.recurrent, self._read(inputs, extra), lengths=lengths)

    def _read(self, inputs: Tensor, extra: Tensor | None) -> Tensor:
        x = self.embedding(inputs)  # (B, T, E)
        return x if extra is None else torch.cat([x, extra.to(x.dtype)], dim=-1)
