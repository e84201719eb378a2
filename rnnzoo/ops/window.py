"""What a step sees of the steps before it: the tail that a sequence carries, and causal convolutions over it.

A recurrence that looks at its last k inputs (a causal convolution of width k; a token shift, k = 2) carries the last
k - 1 of them from call to call, as it carries its state. The tail before the first step is zero.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear


def extend(x: Tensor, tail: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The sequence with the steps before it in front, and the tail to carry on.

    Args:
        x: (B, T, C).
        tail: the k - 1 steps before x, oldest first (B, k - 1, C); k - 1 may be 0, and more than T.
        lengths: (B,) int64, each row's number of steps; ``None``: all T.

    Returns:
        (B, k - 1 + T, C), in which step t of x stands at k - 1 + t and its window is t to k - 1 + t; and each row's
        last k - 1 steps at its own length, (B, k - 1, C) of tail's dtype: a row shorter than that keeps the end of its
        tail.

    Raises:
        ValueError: the tail does not fit x.
    """
    if tail.dim() != 3 or (tail.shape[0], tail.shape[2]) != (x.shape[0], x.shape[2]):
        raise ValueError(
            f"tail has shape {tuple(tail.shape)}; expected ({x.shape[0]}, k - 1, {x.shape[2]}) for x of shape "
            f"{tuple(x.shape)}: the steps before x, of its batch and width."
        )
    before = tail.shape[1]
    extended = torch.cat((tail, x), 1)  # (B, k - 1 + T, C)
    if lengths is None:
        last = extended[:, x.shape[1] :]
    else:
        steps = lengths.to(x.device).unsqueeze(1) + torch.arange(before, device=x.device)  # (B, k - 1)
        last = extended.gather(1, steps.unsqueeze(2).expand(-1, -1, x.shape[2]))
    return extended, last.to(tail.dtype)


def causal_convolution(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_t = sum_j weight[:, :, j] x_{t - (k - 1) + j} + bias: the last tap is the step's own.

    Args:
        x: (B, k - 1 + T, C), as `extend` gives it.
        weight: (O, C, k), as torch's ``conv1d`` has it.
        bias: (O,).

    Returns:
        (B, T, O).
    """
    k = weight.shape[2]
    T = x.shape[1] - (k - 1)
    windows = torch.cat([x[:, j : j + T] for j in range(k)], 2)  # (B, T, k C)
    return linear(windows, weight.transpose(1, 2).flatten(1), bias)


def depthwise_convolution(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_t = sum_j weight[:, j] * x_{t - (k - 1) + j} + bias, each channel on its own; the last tap is the step's own.

    Args:
        x: (B, k - 1 + T, C), as `extend` gives it.
        weight: (C, k).
        bias: (C,).

    Returns:
        (B, T, C).
    """
    k = weight.shape[1]
    T = x.shape[1] - (k - 1)
    y = x[:, k - 1 :] * weight[:, k - 1]
    for j in range(k - 1):
        y = torch.addcmul(y, x[:, j : j + T], weight[:, j])  # (B, T, C)
    return y if bias is None else y + bias
