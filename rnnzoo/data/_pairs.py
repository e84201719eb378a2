"""Pairs of sequences, each side end to end in one array, and whole batches of them by vectorised gathers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import PairBatch
from rnnzoo.data._batches import Rows


class PairSequences(Rows):
    """R pairs of a source and a target sequence; ``dataset[list of row numbers]`` is a whole padded ``PairBatch``.

    ``FILLER`` rows are one step of padding on both sides, with weight 0.

    Args:
        sources: (N,) integer tokens or (N, I) floats, every row's steps one after the other.
        source_lengths: (R,) steps of each source, each at least 1; they add up to N.
        targets: (N',) integer tokens, every row's one after the other, without begin and end tokens.
        target_lengths: (R,) of the targets; 0 for a target that is its end alone.
        begin: the token that the decoder reads before it has written anything.
        end: the token that it writes last.
        padding_value: what stands beyond a source's end.
        target_padding_value: what stands beyond a target's end.

    Attributes:
        lengths: (R,) steps of source and target together, which bucketing sorts by.

    Raises:
        ValueError: the arrays do not fit together, or a source is empty.
    """

    def __init__(
        self,
        sources: Any,
        source_lengths: Any,
        targets: Any,
        target_lengths: Any,
        *,
        begin: int,
        end: int,
        padding_value: float = 0,
        target_padding_value: int = 0,
    ) -> None:
        self.sources = torch.as_tensor(sources)  # (N,) or (N, I)
        self.source_lengths = torch.as_tensor(source_lengths, dtype=torch.int64)  # (R,)
        tokens = torch.as_tensor(targets)  # (N',)
        target_lengths = torch.as_tensor(target_lengths, dtype=torch.int64)  # (R,)
        self.padding_value = padding_value
        self.target_padding_value = target_padding_value
        if len(self.source_lengths) != len(target_lengths):
            raise ValueError(
                f"there are {len(self.source_lengths)} sources and {len(target_lengths)} targets; expected as many."
            )
        if not len(target_lengths):
            raise ValueError("there is no pair at all; expected at least one.")
        for name, lengths, steps, least in (
            ("source", self.source_lengths, len(self.sources), 1),
            ("target", target_lengths, len(tokens), 0),
        ):
            if int(lengths.min()) < least:
                row = int(lengths.argmin())
                raise ValueError(f"{name} {row} has {int(lengths[row])} steps; expected at least {least}.")
            if int(lengths.sum()) != steps:
                raise ValueError(f"{name} lengths add up to {int(lengths.sum())}, there are {steps} steps.")
        self.source_begins = self.source_lengths.cumsum(0) - self.source_lengths  # (R,)
        self.target_lengths = target_lengths + 1  # (R,) the end token is a step
        framed = target_lengths + 2  # (R,) with the begin token, too
        ends = framed.cumsum(0)  # (R,)
        self.target_begins = ends - framed  # (R,)
        self.tokens = tokens.new_empty(int(ends[-1]))  # (N' + 2 R,)
        inside = torch.ones(len(self.tokens), dtype=torch.bool)
        inside[self.target_begins] = inside[ends - 1] = False
        self.tokens[inside] = tokens
        self.tokens[self.target_begins], self.tokens[ends - 1] = begin, end
        self.lengths = self.source_lengths + self.target_lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: Sequence[int]) -> PairBatch:
        """The rows as one batch; ``FILLER`` rows have weight 0."""
        index = torch.as_tensor(rows, dtype=torch.int64)  # (B,)
        filler = index < 0  # (B,)
        index = index.clamp(min=0)
        source_lengths = self.source_lengths[index].masked_fill_(filler, 1)  # (B,)
        lengths = self.target_lengths[index].masked_fill_(filler, 1)  # (B,)
        steps = torch.arange(int(source_lengths.max()))  # (T,)
        inside = (steps < source_lengths[:, None]) & ~filler[:, None]  # (B, T)
        source = self.sources[(self.source_begins[index][:, None] + steps).clamp_(max=len(self.sources) - 1)]
        outside = ~inside if source.ndim == 2 else ~inside[..., None]
        source = source.masked_fill_(outside, self.padding_value)  # (B, T) or (B, T, I)
        steps = torch.arange(int(lengths.max()))  # (M,)
        written = (steps < lengths[:, None]) & ~filler[:, None]  # (B, M)
        places = (self.target_begins[index][:, None] + steps).clamp_(max=len(self.tokens) - 2)  # (B, M)
        return PairBatch(
            inputs=self._padded(self.tokens[places], written),
            lengths=lengths,
            targets=self._padded(self.tokens[places + 1], written),
            weights=written.float(),
            starts=torch.ones(len(index), dtype=torch.bool),
            source=source if source.is_floating_point() else source.long(),
            source_lengths=source_lengths,
        )

    def _padded(self, tokens: Tensor, written: Tensor) -> Tensor:
        return tokens.long().masked_fill_(~written, self.target_padding_value)  # (B, M)
