"""From an encoder's states h_1..h_N to the one vector c that stands for the source: three ways.

The teaching text's: c = h_N, c = q(h_N) and c = q(h_1, ..., h_N), with q learned. Here q(h) = tanh(W h + b), and of all
states q is of their mean, their maximum or a learned weighted mean (``modules.pooling``), as their number varies.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnzoo.modules.pooling import create_pooling
from rnnzoo.registry import unknown

CONTEXTS = ("last", "transform", "transform_all")


class Context(nn.Module):
    """c (B, C), C = ``output_size``, of an encoder's features (B, T, O).

    Args:
        kind: "last", "transform" (of the last state) or "transform_all" (of all states).
        feature_size: O, the features' width.
        directions: 2 where a half of the features reads backwards: its last state is that at the first step.
        size: C; ``None``: O. "last" has O.
        pooling: of "transform_all", how the states are brought together: "mean", "max" or "attention".

    Raises:
        UnknownName: no such kind or pooling.
        ValueError: a size for "last".
    """

    def __init__(
        self, kind: str, feature_size: int, *, directions: int = 1, size: int | None = None, pooling: str = "mean"
    ) -> None:
        super().__init__()
        if kind not in CONTEXTS:
            raise unknown("context", kind, CONTEXTS)
        if kind == "last" and size not in (None, feature_size):
            raise ValueError(
                f"the context is of size {size} and is the last state itself, of size {feature_size}; use 'transform'."
            )
        self.kind = kind
        self.pooling = create_pooling(pooling if kind == "transform_all" else "last", feature_size, directions)
        self.output_size = feature_size if size is None else size
        self.transform = None if kind == "last" else nn.Linear(feature_size, self.output_size)

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """(B, T, O), (B,) -> (B, C); ``lengths`` ``None``: all T steps count."""
        pooled = self.pooling(features, lengths)  # (B, O)
        return pooled if self.transform is None else torch.tanh(self.transform(pooled))  # (B, C)
