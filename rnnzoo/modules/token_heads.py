"""From features to the probabilities of V tokens: one softmax, or the adaptive one for large vocabularies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SoftmaxHead(nn.Module):
    """A linear layer and a softmax over all V tokens.

    Args:
        input_size: O of the features.
        output_size: V.
        tied: an embedding (V, E) whose table is the output's weight too (O. Press and L. Wolf, arXiv:1608.05859); where
            E is not ``input_size``, a linear map to E comes first. ``None``: a weight of its own.
        init_range: a weight of its own begins uniform within plus or minus this, the bias at 0.
    """

    def __init__(
        self, input_size: int, output_size: int, *, tied: nn.Embedding | None = None, init_range: float = 0.1
    ) -> None:
        super().__init__()
        self._tied = [] if tied is None else [tied]  # in a list, so that it is one module's alone, and saved once
        width = input_size if tied is None else tied.embedding_dim
        self.project = nn.Linear(input_size, width, bias=False) if width != input_size else None
        self.bias = nn.Parameter(torch.zeros(output_size))
        if tied is None:
            self.own = nn.Parameter(torch.empty(output_size, width).uniform_(-init_range, init_range))

    @property
    def weight(self) -> Tensor:
        """(V, E), the embedding's where they are tied."""
        return self._tied[0].weight if self._tied else self.own

    def forward(self, features: Tensor) -> Tensor:
        """Logits (..., V) of features (..., O)."""
        return F.linear(features if self.project is None else self.project(features), self.weight, self.bias)

    def losses(self, features: Tensor, targets: Tensor) -> Tensor:
        """-log p of each target (B, T), in nats."""
        logits = self(features).flatten(0, 1)  # (B * T, V)
        return F.cross_entropy(logits, targets.flatten(), reduction="none").view_as(targets)


class AdaptiveHead(nn.Module):
    """The adaptive softmax: frequent tokens first, rare ones in clusters of less width (E. Grave et al.,
    arXiv:1609.04309). The ids have to go by falling frequency.

    Args:
        input_size: O of the features.
        output_size: V.
        cutoffs: where each cluster begins, rising, below V.

    Raises:
        ValueError: cutoffs that are not so.
    """

    def __init__(self, input_size: int, output_size: int, cutoffs: Sequence[int]) -> None:
        super().__init__()
        rising = [0, *cutoffs, output_size]
        if len(rising) < 3 or any(a >= b for a, b in pairwise(rising)):
            raise ValueError(
                f"adaptive_cutoffs is {list(cutoffs)}; expected rising numbers above 0 and below the {output_size} "
                "tokens."
            )
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(input_size, output_size, cutoffs=list(cutoffs))

    def forward(self, features: Tensor) -> Tensor:
        """Log probabilities (..., V) of features (..., O)."""
        return self.softmax.log_prob(features.flatten(0, -2)).view(*features.shape[:-1], -1)

    def losses(self, features: Tensor, targets: Tensor) -> Tensor:
        """-log p of each target (B, T), in nats."""
        return -self.softmax(features.flatten(0, 1), targets.flatten()).output.view_as(targets)
