"""Batches of row numbers: shuffled, bucketed by length, and shared out between processes without loss or repetition."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DistributedSampler

from rnnzoo.data._batches import FILLER, Rows
from rnnzoo.data._checks import check_positive, check_positive_or_none
from rnnzoo.data._processes import own_rank, processes

POOL_BATCHES = 50
"""Rows are sorted by length within pools of this many shuffled batches: little padding, other neighbours each epoch."""


class BucketSampler(DistributedSampler[list[int]]):
    """Yields one list of row numbers a batch, for ``DataLoader(dataset, sampler=..., batch_size=None)``.

    The rows of a step are chosen together and shared out between W processes; no row is repeated and none is lost. How:

    * by default a step has ``batch_size`` rows for each process, dealt out like cards, so that all get rows of like
      length. ``FILLER`` rows (weight 0) make the hands equal where the last, smaller step does not divide by W.
    * with ``parts`` K a step has ``batch_size`` rows in all, dealt to W * K hands, of which each process gets K, one
      batch each: whatever W and K are, step n has the same rows.
    * ``whole`` batches are not dealt: each goes to one process, so that it is computed as one process alone would, bit
      for bit. A process for which no batch is left gets a single ``FILLER``.

    Args:
        dataset: the rows; its ``lengths`` are what bucketing sorts by.
        batch_size: rows of one batch of one process, or of a whole step with ``parts``.
        shuffle: another order each epoch, from ``seed`` + epoch, the same in all processes. ``False``: the same batches
            on every pass, in the dataset's order unless bucketed.
        bucketing: rows of like length share a batch. Unshuffled: sorted by length altogether.
        drop_last: leave out the last step if it is not full (when shuffling, other rows each epoch).
        seed: of the shuffling.
        parts: K, the batches of each process that make up a step of ``batch_size`` rows.
        whole: see above; not with ``parts``.
        num_replicas, rank: W and this process's number; by default those of ``torch.distributed``, else 1 and 0.

    Attributes:
        start: batches to leave out at the beginning of the next pass, to resume an interrupted epoch.

    Raises:
        ValueError: ``batch_size`` or ``parts`` below 1, both ``parts`` and ``whole``, a rank outside W, or no batch
            left after ``drop_last``.
    """

    def __init__(
        self,
        dataset: Rows,
        batch_size: int,
        *,
        shuffle: bool = True,
        bucketing: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        parts: int | None = None,
        whole: bool = False,
        num_replicas: int | None = None,
        rank: int | None = None,
    ) -> None:
        W = processes(num_replicas)
        super().__init__(dataset, W, own_rank(rank), shuffle=shuffle, seed=seed, drop_last=drop_last)
        check_positive(batch_size=batch_size)
        check_positive_or_none(parts=parts)
        if parts is not None and whole:
            raise ValueError("a batch is either dealt in parts or whole; give `parts` or `whole`, not both.")
        self.rows_per_batch = batch_size
        self.rows_per_step = batch_size * (W if parts is None else 1)
        self.parts = parts or 1
        self.whole = whole
        self.bucketing = bucketing
        self.lengths = dataset.lengths
        self.first_row = dataset.first_row
        self.start = 0
        if not len(self):
            raise ValueError(
                f"drop_last leaves no batch: {len(dataset)} rows, {self.rows_per_step} a step"
                "; use a smaller batch_size or drop_last=False."
            )

    def __len__(self) -> int:
        """Batches of a whole pass on each process (whatever ``start`` is)."""
        full, rest = divmod(len(self.lengths), self.rows_per_step)
        return (full + (rest > 0 and not self.drop_last)) * self.parts

    def __iter__(self) -> Iterator[list[int]]:
        start, self.start = self.start, 0
        first, left_out = divmod(start, self.parts)
        batches = (batch for step in self._steps()[first:] for batch in self._batches(step))
        yield from itertools.islice(batches, left_out, None)

    def _batches(self, step: Tensor) -> list[list[int]]:
        """This process's share of a step: ``parts`` batches."""
        if self.whole:
            begin = self.rank * self.rows_per_batch
            return [step[begin : begin + self.rows_per_batch].tolist() or [FILLER]]
        hands = self.num_replicas * self.parts
        missing = -len(step) % hands
        dealt = torch.cat([step, step.new_full((missing,), FILLER)]) if missing else step
        return [dealt[hand::hands].tolist() for hand in range(self.rank, hands, self.num_replicas)]

    def _steps(self) -> list[Tensor]:
        """The rows of each step, over all processes."""
        rows = len(self.lengths)
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(rows, generator=generator) if self.shuffle else torch.arange(rows)
        if self.drop_last:
            order = order[: rows // self.rows_per_step * self.rows_per_step]
        if self.bucketing:
            pool = POOL_BATCHES * self.rows_per_step if self.shuffle else rows
            order = torch.cat([part[self.lengths[part].argsort(stable=True)] for part in order.split(pool)])
        steps = list((order + self.first_row(self.epoch)).split(self.rows_per_step))
        if self.bucketing and self.shuffle:
            steps = [steps[i] for i in torch.randperm(len(steps), generator=generator).tolist()]
        return steps
