"""Clipping each gradient tensor on its own."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


@torch.no_grad()
def clip_each(parameters: Iterable[nn.Parameter], limit: float) -> None:
    """Scale down, in place, every gradient whose own L2 norm is above ``limit``, to that norm: g <- g * limit / |g|.

    Unlike clipping by the global norm it changes the direction of the whole gradient, and a tensor that explodes
    doesn't silence the others (Paddle's ``ClipGradByNorm``). Under FSDP a process sees, and clips, only its shards.
    """
    for parameter in parameters:
        if parameter.grad is not None:
            norm = torch.linalg.vector_norm(parameter.grad)
            parameter.grad.mul_(torch.where(norm > limit, limit / norm, 1.0))
