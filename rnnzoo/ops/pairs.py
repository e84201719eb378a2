"""Arithmetic of complex numbers kept as pairs (real part, imaginary part) in the last size of a real tensor.

Few runtimes that a graph is exported to know complex numbers; all know these.
"""

from __future__ import annotations

import torch
from torch import Tensor


def pair(real: Tensor, imaginary: Tensor) -> Tensor:
    """(...) and (...) as (..., 2)."""
    return torch.stack(torch.broadcast_tensors(real, imaginary), -1)


def conjugate(a: Tensor) -> Tensor:
    """(..., 2), the imaginary parts with the other sign."""
    return pair(a[..., 0], -a[..., 1])


def times(a: Tensor, b: Tensor) -> Tensor:
    """a b (..., 2)."""
    return pair(a[..., 0] * b[..., 0] - a[..., 1] * b[..., 1], a[..., 0] * b[..., 1] + a[..., 1] * b[..., 0])


def divided(a: Tensor, b: Tensor) -> Tensor:
    """a / b (..., 2)."""
    return times(a, conjugate(b)) / b.square().sum(-1, keepdim=True)


def exp(a: Tensor) -> Tensor:
    """e^a (..., 2)."""
    return torch.exp(a[..., :1]) * pair(torch.cos(a[..., 1]), torch.sin(a[..., 1]))


def expm1(a: Tensor) -> Tensor:
    """e^a - 1 (..., 2), exact for small a too: e^x cos y - 1 is (e^x - 1) cos y - 2 sin^2(y / 2)."""
    x, y = a.unbind(-1)
    return pair(torch.expm1(x) * torch.cos(y) - 2 * torch.sin(y / 2).square(), torch.exp(x) * torch.sin(y))


def loop(a: Tensor, b: Tensor, h: Tensor) -> Tensor:
    """h_t = a_t h_{t-1} + b_t (B, T, ..., 2), step by step; ``a`` may be of one step for all."""
    states = []
    for t in range(b.shape[1]):
        h = times(a[:, t if a.shape[1] > 1 else 0], h) + b[:, t]
        states.append(h)
    return torch.stack(states, 1)
