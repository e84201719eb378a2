"""The forward loop of the fast gated recurrence, over rows (see ``_rows.py``), and what it keeps for the backward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._gated_plan import Plan

LONG = 16
"""Steps from which on a copy of the transposed weights pays: each step's product is then a few percent quicker."""


@dataclass
class Trace:
    """What the backward loop reads: M rows over all steps, ``sizes[t]`` of them in step t."""

    sizes: list[int]
    inputs: Tensor | None  # (M, I), what the input weight multiplied; None where x came in as its product
    input_weight: Tensor | None  # (W, I)
    hoisted: Tensor  # (M, W): the input product; a summed stage's columns hold its sum with the recurrent product
    products: list[Tensor | None]  # a stage's recurrent product, (M, products * N); None for summed ones
    state: list[Tensor]  # the initial one, (B, N) each
    weights: list[Tensor | None]
    vectors: list[Tensor]
    values: dict[int, Tensor]  # number of a kept value -> (M, N)

    def tensors(self) -> list[Tensor | None]:
        """Every tensor, in the order ``rebuilt`` takes them."""
        first = [self.inputs, self.input_weight, self.hoisted]
        return [*first, *self.products, *self.state, *self.weights, *self.vectors, *self.values.values()]

    @staticmethod
    def rebuilt(plan: Plan, sizes: list[int], tensors: Sequence[Tensor | None]) -> Trace:
        """The trace of these tensors, after autograd has kept them."""
        rest: Any = iter(tensors)
        stages = len(plan.steps)

        def take(count: int) -> list[Any]:
            return [next(rest) for _ in range(count)]

        inputs, input_weight, hoisted = take(3)
        products, state, weights = take(stages), take(plan.states), take(stages)
        vectors, values = take(len(plan.vectors)), dict(zip(plan.kept, rest, strict=True))
        return Trace(sizes, inputs, input_weight, hoisted, products, state, weights, vectors, values)


def forward_rows(
    plan: Plan,
    sizes: list[int],
    x: Tensor,
    input_weight: Tensor | None,
    input_bias: Tensor | None,
    state: Sequence[Tensor],
    weights: Sequence[Tensor | None],
    biases: Sequence[Tensor | None],
    vectors: Sequence[Tensor],
    keep: bool,
) -> tuple[Tensor, list[Tensor], Trace]:
    """Run the recurrence.

    Args:
        plan: the stages.
        sizes: sequences alive at each step.
        x: (M, I) with an input weight (W, I), else the hoisted input product (M, W).
        input_weight, input_bias: of the hoisted product, or ``None``.
        state: (B, N) each, sorted as the rows are.
        weights, biases: one per stage, ``None`` where there is none; a summed stage's bias is in the input product.
        vectors: (N,) each.
        keep: whether a backward pass will need the trace.

    Returns:
        Outputs (M, O), the final state, and the trace, which has values only with ``keep``.
    """
    if input_weight is not None:
        hoisted = torch.nn.functional.linear(x, input_weight, input_bias)  # (M, W)
    else:
        hoisted = x.clone() if any(step.stage.summed for step in plan.steps) else x
    transposed = [None if weight is None else weight.t() for weight in weights]
    if len(sizes) >= LONG:
        transposed = [None if weight is None else weight.contiguous() for weight in transposed]
    given: list[Sequence[Tensor] | None] = []  # per stage and step: (n, inputs, N)
    sums: list[Sequence[Tensor] | None] = []  # per summed stage and step: the same memory as (n, inputs * N)
    products: list[Tensor | None] = []
    targets: list[Sequence[Tensor] | None] = []  # per stage and step, where the product goes: (n, products * N)
    for step, weight in zip(plan.steps, weights, strict=True):
        stage, columns = step.stage, hoisted[:, step.columns]
        given.append(columns.unflatten(1, (stage.inputs, step.size)).split(sizes) if stage.inputs else None)
        sums.append(columns.split(sizes) if stage.summed else None)
        kept = weight is not None and not stage.summed and keep
        products.append(x.new_empty(x.shape[0], weight.shape[0]) if kept and weight is not None else None)
        buffer = products[-1]
        targets.append(None if buffer is None else buffer.split(sizes))

    values: list = [*state, *vectors, *[None] * (plan.values - len(state) - len(vectors))]
    history: dict[int, list[Tensor]] = {ref: [] for ref in (plan.kept if keep else ())}
    outputs: list[Tensor] = history.setdefault(plan.output, [])
    ended: list[list[Tensor]] = [[] for _ in state]  # final states of the sequences that have ended
    n = sizes[0]
    for t, alive in enumerate(sizes):
        if alive < n:
            for i in range(plan.states):
                ended[i].append(values[i][alive:])
                values[i] = values[i][:alive]
            n = alive
        for i, step in enumerate(plan.steps):
            stage, weight, xs, total, target = step.stage, transposed[i], given[i], sums[i], targets[i]
            block = None if xs is None else xs[t]
            product = None
            if weight is not None:
                source = values[step.source]
                if total is not None:
                    total[t].addmm_(source, weight)
                else:
                    out = None if target is None else target[t]
                    bias = biases[i]
                    if bias is None:
                        product = torch.mm(source, weight, out=out)
                    else:
                        product = torch.addmm(bias, source, weight, out=out)
                    product = product.unflatten(1, (stage.products, -1))
            results = stage.update(block, product, *[values[ref] for ref in step.reads])
            for ref, result in zip(step.writes, results, strict=True):
                values[ref] = result
        for ref, kept_values in history.items():
            kept_values.append(values[ref])
        values[: plan.states] = [values[ref] for ref in plan.final]

    y = torch.cat(outputs)  # (M, O)
    final = [torch.cat([values[i], *reversed(ended[i])]) if ended[i] else values[i] for i in range(plan.states)]
    rows = {ref: y if ref == plan.output else torch.cat(history[ref]) for ref in plan.kept} if keep else {}
    inputs = None if input_weight is None else x
    trace = Trace(sizes, inputs, input_weight, hoisted, products, list(state), list(weights), list(vectors), rows)
    return y, final, trace
