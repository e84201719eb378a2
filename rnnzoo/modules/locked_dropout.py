"""Dropout with one mask for all steps of a sequence, also called variational."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class LockedDropout(nn.Module):
    """In training, zeroes each channel of each row with probability p at all its steps, and scales the rest by 1/(1-p).

    Every call draws another mask, so that a batch has its own; in evaluation nothing changes. Y. Gal and
    Z. Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", arXiv:1512.05287; of
    its two masks a layer this is the one on the input, which Keras' ``SimpleRNN(dropout=p)`` draws too.

    Args:
        p: the share that is dropped.

    Raises:
        ValueError: ``p`` is no share from 0 to below 1.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"the share to drop is {p}; expected 0 to below 1.")
        self.p = float(p)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, I) -> (B, T, I)."""
        if not self.training or not self.p:
            return x
        return x * F.dropout(x.new_ones(x.shape[0], 1, x.shape[2]), self.p)  # (B, 1, I) over all T

    def extra_repr(self) -> str:
        """p."""
        return f"p={self.p}"
