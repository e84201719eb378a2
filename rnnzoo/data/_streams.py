"""One long stream of tokens as rows that are read side by side, window after window, so that a state can be carried on.

A stream of N tokens has N - 1 steps: each token is an input and the one behind it the target. They are cut into R rows
of like length, and the rows into windows of T steps:

    row 0   | a b c | d e f | g h
    row 1   | i j k | l m n | o .          . filler, of weight 0
              window 0       ...           a batch is a window of several rows; the next batch continues the same rows

No step is left out and none is twice in a pass. Nothing is shuffled: the batches are in the order of the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset, DistributedSampler

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._batches import FILLER
from rnnzoo.data._processes import own_rank, processes


class StreamWindows(Dataset[SequenceBatch]):
    """A stream cut into pieces, number window * R + row; ``dataset[numbers of one window]`` is a ``SequenceBatch``.

    Args:
        tokens: (N,) integers.
        rows: R, in how many rows the stream is cut; the first ones are a step longer where it does not divide.
        steps: T of a window.
        name: of the stream, in messages.

    Raises:
        ValueError: fewer steps than rows.
    """

    def __init__(self, tokens: Tensor, rows: int, steps: int, name: str = "the stream") -> None:
        total = len(tokens) - 1
        if total < rows:
            raise ValueError(
                f"{name} has {len(tokens)} tokens and is to be cut into {rows} rows, each of at least one token and "
                f"the next; expected at least {rows + 1} tokens. Give a longer text or a smaller batch_size."
            )
        self.tokens, self.rows, self.steps = tokens, rows, steps
        short, longer = divmod(total, rows)
        lengths = torch.full((rows,), short)
        lengths[:longer] += 1
        self.row_lengths = lengths  # (R,) steps
        self.begins = lengths.cumsum(0) - lengths  # (R,)
        self.windows = -(-int(lengths[0]) // steps)
        self.borders = [*range(0, self.windows * steps, steps), int(lengths[0])]  # of the windows, within a row

    def draw_borders(self, seed: int) -> None:
        """From now on windows of other lengths: as many, drawn from N(T, 5), or N(T / 2, 5) for one in twenty.

        S. Merity et al., arXiv:1708.02182, section 5: so that it is not always the same steps that stand first in a
        window, which the gradient reaches least. There it is the number of windows that varies, here all lengths are
        stretched alike, so that every epoch has as many batches.
        """
        generator = torch.Generator().manual_seed(seed)
        mean = torch.where(torch.rand(self.windows, generator=generator) < 0.95, self.steps, self.steps / 2)
        drawn = (mean + 5.0 * torch.randn(self.windows, generator=generator)).clamp(min=min(5, self.steps))
        ends = (drawn.cumsum(0) / drawn.sum() * self.borders[-1]).round().long().tolist()
        last = self.borders[-1]
        for window, end in enumerate(ends):  # each window has at least one step
            self.borders[window + 1] = min(max(end, self.borders[window] + 1), last - (self.windows - 1 - window))

    def __len__(self) -> int:
        return self.windows * self.rows

    def __getitem__(self, pieces: Sequence[int]) -> SequenceBatch:
        """A window of some rows; ``FILLER`` is a row of weight 0 (one step where there is nothing else)."""
        numbers = torch.as_tensor(pieces, dtype=torch.int64)  # (B,)
        filler = numbers < 0  # (B,)
        window = max(int(numbers.max()), 0) // self.rows
        begin, end = self.borders[window], self.borders[window + 1]
        rows = numbers.clamp(min=0) % self.rows  # (B,)
        steps = torch.arange(end - begin if bool((~filler).any()) else 1)  # (T,)
        left = (self.row_lengths[rows] - begin).masked_fill_(filler, 0)  # (B,) steps from the window's begin on
        inside = steps < left[:, None]  # (B, T)
        places = (self.begins[rows][:, None] + begin + steps).clamp_(max=len(self.tokens) - 2)  # (B, T)
        return SequenceBatch(
            inputs=self.tokens[places].long().masked_fill_(~inside, 0),
            lengths=left.clamp(1, len(steps)),
            targets=self.tokens[places + 1].long().masked_fill_(~inside, 0),
            weights=inside.float(),
            starts=torch.full((len(numbers),), window == 0) | filler.all(),
        )


class StreamSampler(DistributedSampler[list[int]]):
    """Yields the numbers of the pieces of one batch after the other, for ``DataLoader(sampler=..., batch_size=None)``.

    All R rows make a step together, window after window; W processes share the rows. As ``BucketSampler``:

    * the rows are dealt to W * K hands, of which each process gets K, one batch each (K = ``parts``): a batch continues
      the one K before it. ``FILLER`` makes the hands equal.
    * ``whole``: each ``batch_size`` rows are a group, read by one process to the end before its next group begins, so
      that it is computed as one process alone would, bit for bit. A process without a group gets a single ``FILLER``.

    Args:
        dataset: the pieces.
        batch_size: rows of a group; only with ``whole``.
        parts: K.
        whole: see above.
        vary: draw other borders between the windows each epoch, from ``seed`` + epoch.
        num_replicas, rank: W and this process's number; by default those of ``torch.distributed``, else 1 and 0.

    Attributes:
        start: batches to leave out at the beginning of the next pass, to resume an interrupted epoch.
        parts: a batch continues the one so many before it.
    """

    def __init__(
        self,
        dataset: StreamWindows,
        *,
        batch_size: int = 1,
        parts: int = 1,
        whole: bool = False,
        vary: bool = False,
        seed: int = 0,
        num_replicas: int | None = None,
        rank: int | None = None,
    ) -> None:
        super().__init__(dataset, processes(num_replicas), own_rank(rank), shuffle=False, seed=seed)
        self.windows = dataset
        self.rows_per_group = batch_size
        self.parts = parts
        self.whole = whole
        self.vary = vary
        self.start = 0

    def __len__(self) -> int:
        """Batches of a whole pass on each process (whatever ``start`` is)."""
        return self.windows.windows * len(self._hands())

    def __iter__(self) -> Iterator[list[int]]:
        start, self.start = self.start, 0
        if self.vary:
            self.windows.draw_borders(self.seed + self.epoch)
        hands, count = self._hands(), self.windows.windows
        for batch in range(start, len(self)):
            window, hand = (batch % count, batch // count) if self.whole else divmod(batch, self.parts)
            yield [FILLER if row < 0 else window * self.windows.rows + row for row in hands[hand]]

    def _hands(self) -> list[list[int]]:
        """The rows of each of this process's batches of a window."""
        rows, W = list(range(self.windows.rows)), self.num_replicas
        if self.whole:
            groups = [rows[begin : begin + self.rows_per_group] for begin in range(0, len(rows), self.rows_per_group)]
            groups += [[FILLER]] * (-len(groups) % W)
            return groups[self.rank :: W]
        hands = W * self.parts
        rows += [FILLER] * (-len(rows) % hands)
        return [rows[hand::hands] for hand in range(self.rank, hands, W)]
