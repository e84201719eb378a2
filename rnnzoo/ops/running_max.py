"""The largest value so far."""

from __future__ import annotations

from torch import Tensor


def running_max(x: Tensor) -> Tensor:
    """The largest value up to each step, of x (B, T, ...); of one step itself, which needs no operator of ONNX."""
    return x if x.shape[1] == 1 else x.cummax(1).values
