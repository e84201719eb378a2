"""The cross entropy of single decisions, with an error that says which targets there may be."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    """The cross entropy (N,) of scores (N, V), in nats.

    Raises:
        ValueError: a target outside 0..V-1 (on the CPU; a GPU stops with its own assertion).
    """
    try:
        return F.cross_entropy(scores, targets, reduction="none")
    except IndexError as error:
        low, high = (int(bound) for bound in targets.aminmax())
        raise ValueError(f"targets go from {low} to {high}; expected 0 to {scores.shape[1] - 1}.") from error
