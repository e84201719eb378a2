"""Sequences of different lengths, end to end in one array, and whole batches of them by vectorised gathers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from rnnzoo.contracts import SequenceBatch

FILLER = -1
"""The index of a row that only fills a batch up: one step of padding, target 0, weight 0."""


class Rows(Dataset[Any]):
    """What loaders take batches from: ``rows[list of row numbers]`` is a whole batch; ``FILLER`` rows have weight 0.

    Attributes:
        lengths: (R,) how long each row is, which bucketing sorts by.
    """

    lengths: Tensor

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not say how many rows it has.")

    def first_row(self, epoch: int) -> int:
        """The number of the first row of a pass: 0, but for rows that are other ones in every pass."""
        return 0


class FlatSequences(Rows):
    """R labelled sequences; ``dataset[list of row numbers]`` is a whole padded ``SequenceBatch``.

    Args:
        values: (N,) integer tokens or (N, I) floats, every row's steps one after the other.
        lengths: (R,) steps of each row, each at least 1; they add up to N.
        targets: (R, ...) one target a row, whole numbers or floats; with ``per_step``, (N, ...) one a step.
        per_step: every step has a target of its own, and a weight.
        target_weights: (N,) the weights of the steps, 1 where ``None``; what is beyond a row's end has weight 0.
        padding_value: what stands beyond a row's end (before its start when ``pad_to`` is given).
        pad_to: ``None`` pads behind, to the longest row of the batch, and ``lengths`` are the true ones. A number pads
            in front, to that many steps, and the padding counts as input: ``lengths`` are all ``pad_to`` (Keras).

    Raises:
        ValueError: the arrays do not fit together, a row is empty, or a row is longer than ``pad_to``.
    """

    def __init__(
        self,
        values: Any,
        lengths: Any,
        targets: Any,
        *,
        padding_value: float = 0,
        pad_to: int | None = None,
        per_step: bool = False,
        target_weights: Any = None,
    ) -> None:
        self.values = torch.as_tensor(values)  # (N,) or (N, I)
        self.lengths = torch.as_tensor(lengths, dtype=torch.int64)  # (R,)
        targets = torch.as_tensor(targets)
        self.targets = targets if targets.is_floating_point() else targets.long()  # (R, ...) or (N, ...)
        self.padding_value = padding_value
        self.pad_to = pad_to
        self.per_step = per_step
        self.target_weights = None if target_weights is None else torch.as_tensor(target_weights).float()  # (N,)
        if target_weights is not None and not per_step:
            raise ValueError("target_weights are given and per_step is False; expected them with a target a step.")
        if len(self.targets) != len(self.values if per_step else self.lengths):
            raise ValueError(
                f"targets has {len(self.targets)} rows, "
                f"{'values' if per_step else 'lengths'} has {len(self.values if per_step else self.lengths)}; "
                "expected the same."
            )
        if self.target_weights is not None and self.target_weights.shape != (len(self.values),):
            raise ValueError(
                f"target_weights has shape {tuple(self.target_weights.shape)}; expected ({len(self.values)},), "
                "one a step."
            )
        if not len(self.lengths):
            raise ValueError("there is no sequence at all; expected at least one row.")
        if int(self.lengths.min()) < 1:
            row = int(self.lengths.argmin())
            raise ValueError(f"row {row} has length {int(self.lengths[row])}; expected at least 1 step in every row.")
        if int(self.lengths.sum()) != len(self.values):
            raise ValueError(f"lengths add up to {int(self.lengths.sum())}, values has {len(self.values)} steps.")
        if pad_to is not None and int(self.lengths.max()) > pad_to:
            raise ValueError(f"a row has {int(self.lengths.max())} steps, pad_to is {pad_to}; cut the rows first.")
        self.begins = self.lengths.cumsum(0) - self.lengths  # (R,)

    @classmethod
    def of_equal_length(cls, rows: Any, targets: Any) -> FlatSequences:
        """Rows (R, T) or (R, T, I) that all have T steps, and one target each."""
        rows = torch.as_tensor(rows)
        return cls(rows.flatten(0, 1), torch.full((len(rows),), rows.shape[1]), targets)

    @classmethod
    def with_target_a_step(cls, rows: Any, targets: Any, weights: Any) -> FlatSequences:
        """Rows (R, T) or (R, T, I) that all have T steps, with targets and weights (R, T)."""
        rows, targets, weights = (torch.as_tensor(each) for each in (rows, targets, weights))
        lengths = torch.full((len(rows),), rows.shape[1])
        return cls(
            rows.flatten(0, 1),
            lengths,
            targets.flatten(0, 1),
            per_step=True,
            target_weights=weights.flatten(),
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: Sequence[int]) -> SequenceBatch:
        """The rows as one batch; ``FILLER`` rows have weight 0."""
        index = torch.as_tensor(rows, dtype=torch.int64)  # (B,)
        filler = index < 0  # (B,)
        index = index.clamp(min=0)
        begins = self.begins[index]  # (B,)
        lengths = self.lengths[index].masked_fill_(filler, 1)  # (B,)
        if self.pad_to is None:
            steps = torch.arange(int(lengths.max()))  # (T,)
            inside = steps < lengths[:, None]  # (B, T)
        else:
            steps = torch.arange(self.pad_to) - (self.pad_to - lengths)[:, None]  # (B, T)
            inside = steps >= 0
            lengths = torch.full_like(lengths, self.pad_to)
        inside &= ~filler[:, None]
        positions = (begins[:, None] + steps).clamp_(0, len(self.values) - 1)  # (B, T)
        inputs = self.values[positions]  # (B, T) or (B, T, I)
        outside = ~inside if inputs.ndim == 2 else ~inside[..., None]
        inputs = inputs.masked_fill_(outside, self.padding_value)
        weights = (~filler).float()  # (B,)
        if self.per_step:
            weights = inside.float()  # (B, T)
            if self.target_weights is not None:
                weights = weights * self.target_weights[positions]
            targets = self.targets[positions]  # (B, T, ...)
            targets[~inside] = 0
        else:
            targets = self.targets[index]
            targets[filler] = 0
        return SequenceBatch(
            inputs=inputs if inputs.is_floating_point() else inputs.long(),
            lengths=lengths,
            targets=targets,
            weights=weights,
            starts=torch.ones(len(index), dtype=torch.bool),
        )


def unlabelled_batch(rows: Sequence[Tensor], *, padding_value: float = 0, pad_to: int | None = None) -> SequenceBatch:
    """A batch of sequences to predict: ``rows`` are (T,) tokens or (T, I) floats each; targets are 0."""
    lengths = [len(row) for row in rows]
    data = FlatSequences(
        torch.cat(list(rows)), lengths, torch.zeros(len(rows)), padding_value=padding_value, pad_to=pad_to
    )
    return data[range(len(rows))]
