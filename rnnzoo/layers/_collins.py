"""What the update gate network and the intersection network share: their paper, and gates that begin by keeping."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell

PAPER = Paper(
    "Capacity and Trainability in Recurrent Neural Networks",
    "Jasmine Collins, Jascha Sohl-Dickstein, David Sussillo",
    2017,
    "https://arxiv.org/abs/1611.09913",
)


@torch.no_grad()
def remember(cell: GatedCell, bias: float, blocks: Sequence[int]) -> None:
    """Set the initial bias of these blocks of gates, in sum where there are two biases."""
    for parameter, value in ((cell.bias_ih, bias), (cell.bias_hh, 0.0)):
        if parameter is not None:
            for block in blocks:
                parameter.unflatten(0, (-1, cell.hidden_size))[block].fill_(value)
