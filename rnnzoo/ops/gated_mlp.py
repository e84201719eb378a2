"""What stands between the recurrent layers of a deep stack: the root-mean-square norm and the gated MLP."""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn.functional import linear, silu

EPSILON = 1e-6


def rms_norm(x: Tensor, gain: Tensor) -> Tensor:
    """gain * x / sqrt(mean(x^2) + 1e-6) over the last size. Zhang, Sennrich, 2019, arXiv 1910.07467."""
    return gain * (x * (x.square().mean(-1, keepdim=True) + EPSILON).rsqrt())


def gated_mlp(x: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """D (silu(G x) * U x) of x (..., H); ``up`` is G, then U, (2F, H), ``down`` D (H, F). Shazeer, arXiv 2002.05202."""
    gate, value = linear(x, up).chunk(2, -1)  # (..., F) each
    return linear(silu(gate) * value, down)


def mlp_width(hidden_size: int, expansion: float) -> int:
    """F, ``expansion`` H rounded up.

    Raises:
        ValueError: ``expansion`` is not above 0.
    """
    number = isinstance(expansion, (int, float)) and not isinstance(expansion, bool)
    if not number or not 0 < expansion < math.inf:
        raise ValueError(f"expansion is {expansion!r}; expected a number above 0.")
    return math.ceil(expansion * hidden_size)
