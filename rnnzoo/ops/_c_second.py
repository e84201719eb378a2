"""Second derivatives of what native code computes: those of its definition in torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def gradients_by(
    definition: Callable[..., Any],
    tensors: Sequence[Tensor | None],
    wanted: Sequence[bool],
    grads: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """The gradients of all tensors, which have gradients themselves.

    Args:
        definition: from the tensors to a result or a tuple of them, in torch.
        tensors: its arguments; ``None`` for those that are not given.
        wanted: which of them want a gradient.
        grads: of each result; ``None`` where it has none.
    """
    given = [None if tensor is None else tensor.view_as(tensor) for tensor in tensors]  # each by itself
    parts = definition(*given)
    parts = (parts,) if isinstance(parts, Tensor) else parts
    known = [(part, grad) for part, grad in zip(parts, grads, strict=True) if grad is not None]
    leaves = [tensor for tensor, want in zip(given, wanted, strict=True) if want and tensor is not None]
    outs, slopes = zip(*known, strict=True)
    found = iter(torch.autograd.grad(outs, leaves, slopes, create_graph=True, allow_unused=True))
    return [next(found) if want else None for want in wanted]
