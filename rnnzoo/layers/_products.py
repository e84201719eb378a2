"""Products with a weight, in the dtype of the weights where autocast has lowered it."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import linear


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (..., n) times a matrix (m, n), plus a bias (m,): (..., m)."""
    return linear(x, weight, bias).to(weight.dtype)
