"""Counts drawn by the inverse of their distribution function: the first count at which it reaches a uniform number."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

BLOCK = 64
"""Counts that are looked at together."""

FARTHEST = 40.0
"""Standard deviations above the mean at which the search ends: what is left there is less than a float's rounding."""


def draw_counts(log_p: Callable[[Tensor], Tensor], mean: Tensor, shape: Tensor, uniforms: Tensor) -> Tensor:
    """A count (...) for each of the uniform numbers (...).

    Args:
        log_p: of counts (K,) their log-probabilities (..., K).
        mean, shape: (...), of distributions with the variance mean + shape * mean^2.
    """
    farthest = float((mean + FARTHEST * (mean + shape * mean.square()).sqrt()).max()) + BLOCK
    below, found = torch.zeros_like(uniforms), torch.zeros_like(mean)
    for start in range(0, int(farthest), BLOCK):
        counts = torch.arange(start, start + BLOCK, device=mean.device, dtype=mean.dtype)
        reached = below[..., None] + log_p(counts).exp().cumsum(dim=-1)  # (..., K)
        found += (reached < uniforms[..., None]).sum(dim=-1)
        below = reached[..., -1]
        if bool((below >= uniforms).all()):
            break
    return found
