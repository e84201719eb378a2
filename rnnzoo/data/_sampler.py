"""Batches of row numbers: shuffled, bucketed by length, and shared out between processes without loss or repetition."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.distributed as dist
from torch import Tensor
from torch.utils.data import DistributedSampler

from rnnzoo.data._batches import FILLER, FlatSequences

POOL_BATCHES = 50
"""Rows are sorted by length within pools of this many shuffled batches: little padding, other neighbours each epoch."""


class BucketSampler(DistributedSampler[list[int]]):
    """Yields one list of row numbers a batch, for ``DataLoader(dataset, sampler=..., batch_size=None)``.

    Every step takes ``batch_size`` rows on each of W processes. The W * batch_size rows of a step are chosen together
    and dealt out like cards, so processes get rows of like length, and which rows make up step n does not depend on how
    W * batch_size splits. The last, smaller step is dealt out likewise; where it does not divide by W, ``FILLER`` rows
    (weight 0) make the processes' counts equal, in training as in evaluation: no row is repeated and none is lost.

    Args:
        dataset: the rows; its ``lengths`` are what bucketing sorts by.
        batch_size: rows of one batch of one process.
        shuffle: another order each epoch, from ``seed`` + epoch, the same in all processes. ``False``: the same batches
            on every pass, in the dataset's order unless bucketed.
        bucketing: rows of like length share a batch. Unshuffled: sorted by length altogether.
        drop_last: leave out the last step if it is not full (when shuffling, other rows each epoch).
        seed: of the shuffling.
        num_replicas, rank: W and this process's number; by default those of ``torch.distributed``, else 1 and 0.

    Attributes:
        start: batches to leave out at the beginning of the next pass, to resume an interrupted epoch.

    Raises:
        ValueError: ``batch_size`` below 1, a rank outside W, or no batch left after ``drop_last``.
    """

    def __init__(
        self,
        dataset: FlatSequences,
        batch_size: int,
        *,
        shuffle: bool = True,
        bucketing: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        num_replicas: int | None = None,
        rank: int | None = None,
    ) -> None:
        distributed = dist.is_available() and dist.is_initialized()
        if num_replicas is None:
            num_replicas = dist.get_world_size() if distributed else 1
        if rank is None:
            rank = dist.get_rank() if distributed else 0
        super().__init__(dataset, num_replicas, rank, shuffle=shuffle, seed=seed, drop_last=drop_last)
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; expected at least 1.")
        self.rows_per_batch = batch_size
        self.rows_per_step = batch_size * num_replicas
        self.bucketing = bucketing
        self.lengths = dataset.lengths
        self.start = 0
        if not len(self):
            raise ValueError(
                f"drop_last leaves no batch: {len(dataset)} rows, {num_replicas} process(es) of batch_size {batch_size}"
                "; use a smaller batch_size or drop_last=False."
            )

    def __len__(self) -> int:
        """Batches of a whole pass on each process (whatever ``start`` is)."""
        whole, rest = divmod(len(self.lengths), self.rows_per_step)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[list[int]]:
        start, self.start = self.start, 0
        for step in self._steps()[start:]:
            missing = -len(step) % self.num_replicas
            dealt = torch.cat([step, step.new_full((missing,), FILLER)]) if missing else step
            yield dealt[self.rank :: self.num_replicas].tolist()

    def _steps(self) -> list[Tensor]:
        """The rows of each step, over all processes."""
        rows = len(self.lengths)
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(rows, generator=generator) if self.shuffle else torch.arange(rows)
        if self.drop_last:
            order = order[: len(self) * self.rows_per_step]
        if self.bucketing:
            pool = POOL_BATCHES * self.rows_per_step if self.shuffle else rows
            order = torch.cat([part[self.lengths[part].argsort(stable=True)] for part in order.split(pool)])
        steps = list(order.split(self.rows_per_step))
        if self.bucketing and self.shuffle:
            steps = [steps[i] for i in torch.randperm(len(steps), generator=generator).tolist()]
        return steps
