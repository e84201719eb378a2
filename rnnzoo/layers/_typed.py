"""What the strongly typed cells share: their paper, and gates from this input and the one before."""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._scan import ScanCell

PAPER = Paper(
    "Strongly-Typed Recurrent Neural Networks",
    "David Balduzzi, Muhammad Ghifary",
    2016,
    "https://arxiv.org/abs/1602.02218",
)


class TypedCell(ScanCell):
    """A cell whose z, f and o look at x_t and x_{t-1}: a causal convolution of width 2."""

    blocks = 3
    window = 2
    convolution = True
    gate_names = ("candidate", "forget", "output")

    def activate(self, z: Tensor, f: Tensor, o: Tensor) -> tuple[Tensor, ...]:
        """z, f and o, each (..., H), of the products (..., H)."""
        return z, torch.sigmoid(f), torch.tanh(o)
