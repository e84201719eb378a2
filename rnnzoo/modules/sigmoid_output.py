"""One number for two labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SigmoidOutput(nn.Module):
    """A linear layer with one output z; the second of two labels has the probability sigmoid(z).

    It gives the logits (0, z), whose softmax that is: loss, metrics and predictions are those of any classifier.

    Args:
        size: O, the width of the input.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(size, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, O) -> (B, 2)."""
        z = self.linear(x)  # (B, 1)
        return torch.cat([torch.zeros_like(z), z], dim=-1)  # (B, 2)
