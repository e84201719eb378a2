"""Causal attention over a sliding window: each step sees itself and the w - 1 steps before it."""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_BLOCK = 64  # queries that are worked on at a time, unless the window is longer


def window_attention(q: Tensor, k: Tensor, v: Tensor, before: Tensor) -> Tensor:
    """o_t = sum_j softmax_j(q_t . k_j / sqrt(D)) v_j over the steps j from t - w + 1 to t that there are.

    Time and memory grow with T w, not with T^2.

    Args:
        q: (B, T, N, D), N heads.
        k, v: (B, w - 1 + T, N, D): with the w - 1 steps before the first in front, as ``window.extend`` gives them.
        before: (B,), how many of those w - 1 there really were: the last ones.

    Returns:
        (B, T, N, D).
    """
    T, D = q.shape[1], q.shape[3]
    w = k.shape[1] - T + 1
    q, k, v = (one.transpose(1, 2) for one in (q * D**-0.5, k, v))  # (B, N, ..., D)
    first = (w - 1 - before).reshape(-1, 1, 1, 1)  # the first of the keys that there was
    size = max(w, LEAST_BLOCK)
    outputs = []
    for start in range(0, T, size):
        rows = min(size, T - start)
        at = torch.arange(rows + w - 1, device=q.device)
        steps = at[:rows, None]
        seen = (steps <= at) & (at < steps + w) & (start + at >= first)  # (B, 1, rows, rows + w - 1)
        keys, values = (one[:, :, start : start + rows + w - 1] for one in (k, v))
        scores = q[:, :, start : start + rows] @ keys.transpose(-1, -2)
        outputs.append(torch.softmax(scores.masked_fill(~seen, -torch.inf), -1) @ values)
    return torch.cat(outputs, 2).transpose(1, 2)


def rotate(x: Tensor, position: Tensor, base: float = 10000.0) -> Tensor:
    """Rotary positions: each pair (i, i + D/2) of x (B, T, N, D) turned by position * base^(-2i/D).

    The product of two turned vectors depends on the distance of their positions alone. ``position`` is (B, T), whole
    numbers. Source: Su et al., "RoFormer", 2021, arXiv 2104.09864, with the pairs as GPT-NeoX lays them.
    """
    half = x.shape[-1] // 2
    rates = base ** (-torch.arange(half, dtype=torch.float64, device=x.device) / half)  # (D / 2,)
    angles = position.unsqueeze(-1) * rates  # (B, T, D / 2), exact to many steps
    cos, sin = (turn.to(x.dtype).unsqueeze(2) for turn in (angles.cos(), angles.sin()))
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


def sinusoids(position: Tensor, width: int) -> Tensor:
    """Sinusoidal positions (B, T, width) of whole numbers (B, T): sines of slower and slower rates, then cosines.

    Source: Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762, section 3.5.
    """
    pairs = (width + 1) // 2
    rates = 10000.0 ** (-torch.arange(pairs, dtype=torch.float64, device=position.device) / pairs)
    angles = position.unsqueeze(-1) * rates
    return torch.cat((angles.sin(), angles.cos()), -1)[..., :width]
