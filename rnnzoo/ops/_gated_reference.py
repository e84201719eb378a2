"""The gated recurrence as it is defined: one readable loop over time, differentiated by autograd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import linear

from rnnzoo.contracts import State
from rnnzoo.ops._gated_plan import Stage
from rnnzoo.ops.ragged import mask


def run_stages(
    stages: Sequence[Stage],
    x: Tensor,
    values: Mapping[str, Tensor],
    weights: Sequence[Tensor | None],
    biases: Sequence[Tensor | None],
    masks: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """One time step: every stage in order.

    Args:
        stages: the stages of the recurrence.
        x: (B, sum of inputs * N), the hoisted input product of this step.
        values: the states, each (B, N), and the vectors, each (N,), by name.
        weights: one per stage, (products * N, width of source), ``None`` where the stage has no product.
        biases: one per stage, (products * N,) or ``None``.
        masks: what a product's factor is multiplied by first, (B, N) by its name.

    Returns:
        All values by name after the step.
    """
    values = dict(values)
    free = sum(stage.inputs for stage in stages if stage.size is None)
    fixed = sum(stage.inputs * stage.size for stage in stages if stage.size is not None)
    default = (x.shape[1] - fixed) // free if free else 0
    blocks = x.split([stage.inputs * (default if stage.size is None else stage.size) for stage in stages], 1)
    for stage, block, weight, bias in zip(stages, blocks, weights, biases, strict=True):
        given = block.unflatten(1, (stage.inputs, -1)) if stage.inputs else None  # (B, inputs, N)
        product = None
        if stage.source is not None and weight is not None:
            factor = values[stage.source]
            if masks is not None and stage.source in masks:
                factor = factor * masks[stage.source]
            product = linear(factor, weight, bias).unflatten(1, (stage.products, -1))  # (B, products, N)
        if stage.summed:
            given, product = given + product, None  # type: ignore[operator]
        results = stage.update(given, product, *(values[name] for name in stage.reads))
        values.update(zip(stage.writes, results, strict=True))
    return values


def gated_reference(
    stages: Sequence[Stage],
    x: Tensor,
    state: State,
    weights: Sequence[Tensor | None],
    biases: Sequence[Tensor | None],
    vectors: Mapping[str, Tensor],
    *,
    states: Sequence[str],
    output: str,
    lengths: Tensor | None,
) -> tuple[Tensor, State]:
    """The loop over (B, T, ...); a row that has ended keeps its state and puts out zeros."""
    alive = None if lengths is None else mask(lengths.to(x.device), x.shape[1])  # (B, T)
    outputs = []
    for t in range(x.shape[1]):
        values = run_stages(stages, x[:, t], {**dict(zip(states, state, strict=True)), **vectors}, weights, biases)
        new, y = tuple(values[name] for name in states), values[output]
        if alive is not None:
            on = alive[:, t, None]  # (B, 1)
            new = tuple(torch.where(on, n, old) for n, old in zip(new, state, strict=True))
            y = torch.where(on, y, 0)
        state = new
        outputs.append(y)
    return torch.stack(outputs, 1), state  # (B, T, O)
