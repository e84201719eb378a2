"""From what the data holds, token ids or real channels, to the (B, T, E) input of the first recurrent layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rnnzoo.modules.frame_encoder import create_frame_encoder
from rnnzoo.registry import unknown

KINDS = {"tokens": ("learned", "one_hot"), "real": ("learned", "cnn", "none")}
"""The embeddings there are for each input of a spec."""


class Embedding(nn.Module):
    """Token ids (B, T) or real channels (B, T, I) as vectors (B, T, E).

    Args:
        input: "tokens" or "real", as in the spec.
        input_size: number of token ids, or of channels I.
        kind: "learned": a table of vectors for tokens, a linear map for channels. "one_hot": tokens as unit vectors,
            E = input_size. "cnn": a small convolutional network, the same for every step, for channels that are an
            image. "none": channels as they are, E = I.
        embedding_size: E where it is learned, or made by the network.
        padding_id: this token's vector is zero and stays zero.
        dropout: share of the entries dropped while training.
        word_dropout: share of the tokens (or steps) whose whole vector is dropped while training.
        std: standard deviation of a learned table at the start.
        image: height and width of an image, of which the channels are the pixels, line by line.

    Raises:
        UnknownName: there is no such input or kind.
        ValueError: the kind does not go with the input, or the channels are no image.
    """

    def __init__(
        self,
        input: str,
        input_size: int,
        *,
        kind: str = "learned",
        embedding_size: int = 64,
        padding_id: int | None = None,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        std: float = 0.1,
        image: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        if input not in KINDS:
            raise unknown("input", input, KINDS)
        if kind not in KINDS[input]:
            every = {name for names in KINDS.values() for name in names}
            if kind not in every:
                raise unknown("embedding", kind, KINDS[input])
            raise ValueError(
                f"embedding is '{kind}' and the data's input is '{input}'; use {' or '.join(map(repr, KINDS[input]))}."
            )
        self.input = input
        self.input_size = input_size
        self.kind = kind
        self.padding_id = padding_id
        self.output_size = embedding_size if kind in ("learned", "cnn") else input_size
        self.map: nn.Module | None = None
        if kind == "learned" and input == "tokens":
            self.map = nn.Embedding(input_size, embedding_size, padding_idx=padding_id)
            with torch.no_grad():
                self.map.weight.mul_(std)
        elif kind == "cnn":
            self.map = create_frame_encoder(image, input_size, embedding_size)
        elif kind == "learned":
            self.map = nn.Linear(input_size, embedding_size)
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.word_dropout = nn.Dropout1d(word_dropout) if word_dropout else None  # a "channel" of it is a step
        self.register_buffer("one", torch.ones(()), persistent=False)  # its dtype is the model's
        self.one: Tensor

    def forward(self, inputs: Tensor) -> Tensor:
        """The vectors (B, T, E) of ``inputs``.

        Raises:
            TypeError: ``inputs`` has a dtype that does not go with the data's input.
            ValueError: a wrong rank or width; on the CPU, also a token id outside 0..input_size-1 (a GPU stops with
                its own assertion, as finding it out would make every step wait).
        """
        self._check(inputs)
        try:
            x = self._embed(inputs)  # (B, T, E)
        except (IndexError, RuntimeError) as error:
            if self.input == "tokens" and inputs.device.type == "cpu" and inputs.numel():
                self._check_ids(inputs, error)
            raise
        if self.word_dropout is not None:
            x = self.word_dropout(x)
        return x if self.dropout is None else self.dropout(x)

    @torch.no_grad()
    def set_vectors(self, values: Tensor, known: Tensor) -> None:
        """Put these vectors (V, E) in place of the table's, where ``known`` (V,).

        Raises:
            ValueError: there is no table of tokens, or it is of another size.
        """
        if self.kind != "learned" or not isinstance(self.map, nn.Embedding):
            raise ValueError(
                f"word vectors go into a learned table of tokens, and embedding is '{self.kind}' for input "
                f"'{self.input}'; use embedding 'learned' and tokens."
            )
        table = self.map.weight
        if values.shape != table.shape:
            raise ValueError(
                f"the word vectors are {values.shape[0]} of {values.shape[1]} numbers, and the table is of "
                f"{table.shape[0]} of {table.shape[1]}; expected embedding_size {values.shape[1]}."
            )
        table[known] = values[known].to(table)

    def _embed(self, inputs: Tensor) -> Tensor:
        if self.map is not None:
            return self.map(inputs)  # (B, T, E)
        if self.kind == "none":
            return inputs
        x = self.one.new_zeros(*inputs.shape, self.input_size)  # (B, T, V)
        x.scatter_(-1, inputs[..., None].long(), 1)
        if self.padding_id is not None:
            x[..., self.padding_id] = 0
        return x

    def _check(self, inputs: Tensor) -> None:
        if self.input == "tokens":
            if inputs.dtype not in (torch.int64, torch.int32):
                raise TypeError(f"inputs has dtype {inputs.dtype}; expected int64 token ids.")
            if inputs.ndim != 2:
                raise ValueError(f"inputs has shape {tuple(inputs.shape)}; expected token ids (batch, time).")
        else:
            if not inputs.is_floating_point():
                raise TypeError(f"inputs has dtype {inputs.dtype}; expected floating-point channels.")
            if inputs.ndim != 3 or inputs.shape[-1] != self.input_size:
                raise ValueError(
                    f"inputs has shape {tuple(inputs.shape)}; expected (batch, time, {self.input_size} channels)."
                )

    def _check_ids(self, inputs: Tensor, error: Exception) -> None:
        low, high = int(inputs.min()), int(inputs.max())
        if low < 0 or high >= self.input_size:
            given = low if low < 0 else high
            raise ValueError(
                f"inputs holds token id {given}; expected ids from 0 to {self.input_size - 1} (the model's input_size "
                f"is {self.input_size}): use the vocabulary that the model was trained with."
            ) from error
