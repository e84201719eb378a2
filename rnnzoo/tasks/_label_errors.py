"""How far transcripts are from what was said: edit distances, and their rate over a split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric


def edit_distance(found: Sequence[int], expected: Sequence[int]) -> int:
    """The fewest labels to be put in, left out or replaced to make one of the other.

    V. I. Levenshtein, Soviet Physics Doklady 10(8), 1966; a row of its table at a time: what is put in is a running
    minimum over the row.
    """
    wanted = np.asarray(expected, dtype=np.int64)  # (N,)
    places = np.arange(len(wanted) + 1)
    row = places
    for label in found:
        above = row + 1  # left out
        above[1:] = np.minimum(above[1:], row[:-1] + (wanted != label))
        row = np.minimum.accumulate(above - places) + places
    return int(row[-1])


class LabelErrorRate(Metric):
    """The edit distances over the labels that there are, of all transcripts of all batches of all processes.

    Attributes:
        n: the labels that there are, when it was last computed.
    """

    full_state_update = False
    counts: Tensor
    n: int = 0

    def __init__(self) -> None:
        super().__init__()
        self.add_state("counts", torch.zeros(2, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, errors: int, labels: int) -> None:
        """Add a batch: the sum of its distances, and its labels."""
        self.counts += torch.tensor([errors, labels]).to(self.counts.device)

    def compute(self) -> Tensor:
        """The rate so far; above 1 where more was put in than there was.

        Raises:
            ValueError: no label has been seen.
        """
        errors, self.n = self.counts.tolist()
        if not self.n:
            raise ValueError("a label error rate was asked for over no label; expected transcripts with at least one.")
        return torch.tensor(errors / self.n, dtype=torch.float32, device=self.counts.device)
