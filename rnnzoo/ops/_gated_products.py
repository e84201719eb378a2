"""What a native loop backward leaves to torch: the products over all steps at once, after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._gated_fast import split
from rnnzoo.ops._gated_plan import Plan


def products_of_gradients(
    plan: Plan, arrays: dict[str, Any], x: Tensor | None, input_weight: Tensor | None, wanted: Sequence[bool],
    source_rows: Callable[[Plan, int, dict[str, Any]], Tensor],
) -> list[Tensor | None]:  # fmt: skip
    """The gradients of x, input weight and bias, states, weights, biases and vectors, of what the loop wrote out.

    Args:
        arrays: by name, with what the loop wrote: ``grad_hoisted`` (B, T, W), ``grad_product0``, ``grad_state0``, ...
        x, input_weight: as the forward pass had them, (B, T, I) and (W, I), or ``None`` where x came hoisted.
        wanted: for each of those tensors whether its gradient is; the others are ``None``, but for x and the states.
        source_rows: what a recurrent weight was multiplied with, (B T, its width), by the number of the value.
    """
    _, wants_weight, wants_bias, wants_vector = split(plan, tuple(wanted[3:]))
    batch, time, _ = arrays["grad_hoisted"].shape
    flat = arrays["grad_hoisted"].flatten(0, 1)  # (B T, W)
    grads: list[Any] = [None, None, None]
    if input_weight is None:
        grads[0] = arrays["grad_hoisted"]
    else:
        if wanted[0]:
            grads[0] = (flat @ input_weight).view(batch, time, -1)
        if wanted[1] and x is not None:
            grads[1] = flat.t() @ x.reshape(batch * time, -1)
    if wanted[2]:
        grads[2] = flat.sum(0)
    grads += [arrays[f"grad_state{i}"] for i in range(plan.states)]
    sources: dict[int, Tensor] = {}
    for s, (step, want) in enumerate(zip(plan.steps, wants_weight, strict=True)):
        if not want:
            grads.append(None)
            continue
        if step.source not in sources:
            sources[step.source] = source_rows(plan, step.source, arrays)
        product = flat[:, step.columns] if step.stage.summed else arrays[f"grad_product{s}"].flatten(0, 1)
        grads.append(product.t() @ sources[step.source])
    wide = torch.promote_types(flat.dtype, torch.float32)
    grads += [
        arrays[f"grad_product{s}"].flatten(0, 1).sum(0, dtype=wide) if want else None
        for s, want in enumerate(wants_bias)
    ]
    grads += [
        arrays[f"grad_vector{v}"].sum(0) if want else None for v, want in zip(plan.vectors, wants_vector, strict=True)
    ]
    return grads
