"""What a native loop backward leaves to torch: the products over many steps at once, after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._gated_fast import split
from rnnzoo.ops._gated_plan import Plan


class Products:
    """The gradients of x, input weight and bias, weights and biases, added up over chunks of steps.

    Args:
        plan: the recurrence's.
        x, input_weight: as the forward pass had them, (B, T, I) and (W, I), or ``None`` where x came hoisted.
        steps: T.
        wanted: for each tensor of the autograd function whether its gradient is; the others are ``None``, but for x
            where it came hoisted, and for the states.
        source_rows: what a recurrent weight was multiplied with in the steps from ``first`` up to ``stop``,
            (B, stop - first, its width), by plan, number of the value, arrays, first and stop.
    """

    def __init__(
        self, plan: Plan, x: Tensor | None, input_weight: Tensor | None, steps: int, wanted: Sequence[bool],
        source_rows: Callable[[Plan, int, dict[str, Any], int, int], Tensor],
    ) -> None:  # fmt: skip
        self.plan, self.x, self.input_weight, self.steps, self.source_rows = plan, x, input_weight, steps, source_rows
        self.wanted = wanted
        _, self.wants_weight, self.wants_bias, self.wants_vector = split(plan, tuple(wanted[3:]))
        self.grad_x: Tensor | None = None
        self.first: dict[str, Tensor] = {}  # of the input's weight and bias
        self.weights: list[Any] = [None] * len(plan.steps)
        self.biases: list[Any] = [None] * len(plan.steps)

    def add(self, arrays: dict[str, Any], first: int, stop: int) -> None:
        """Take in what the loop wrote of the steps from ``first`` up to ``stop``.

        Args:
            arrays: by name; ``grad_hoisted`` (B, stop - first, W) and ``grad_product0``, ... of these steps alone,
                what the forward loop kept of all, and where x came hoisted ``grad_hoisted`` (B, T, W), too.
        """
        hoisted = arrays["grad_hoisted"]
        if self.input_weight is None:
            hoisted = hoisted[:, first:stop]
        else:
            self._add_input(hoisted.flatten(0, 1), self.input_weight, first, stop)
        sources: dict[int, Tensor] = {}
        wide = torch.promote_types(hoisted.dtype, torch.float32)
        for s, step in enumerate(self.plan.steps):
            if self.wants_weight[s]:
                if step.source not in sources:
                    rows = self.source_rows(self.plan, step.source, arrays, first, stop)
                    sources[step.source] = rows.flatten(0, 1)
                grads = hoisted[..., step.columns] if step.stage.summed else arrays[f"grad_product{s}"]
                self.weights[s] = _add_product(self.weights[s], grads.flatten(0, 1), sources[step.source])
            if self.wants_bias[s]:
                found = arrays[f"grad_product{s}"].flatten(0, 1).sum(0, dtype=wide)
                self.biases[s] = _sum(self.biases[s], found)

    def _add_input(self, flat: Tensor, weight: Tensor, first: int, stop: int) -> None:
        whole = stop - first == self.steps
        if self.wanted[0]:
            found = (flat @ weight).unflatten(0, (-1, stop - first))  # (B, steps, I)
            if whole:
                self.grad_x = found
            else:
                if self.grad_x is None:
                    self.grad_x = found.new_empty(found.shape[0], self.steps, found.shape[2])
                self.grad_x[:, first:stop] = found
        if self.wanted[1] and self.x is not None:
            given = self.x if whole else self.x[:, first:stop]
            rows = given.reshape(-1, given.shape[2])
            self.first["weight"] = _add_product(self.first.get("weight"), flat, rows)
        if self.wanted[2]:
            self.first["bias"] = _sum(self.first.get("bias"), flat.sum(0))

    def gradients(self, arrays: dict[str, Any]) -> list[Tensor | None]:
        """All of them, in the order of the tensors, when every step has been taken in.

        Args:
            arrays: by name, with ``grad_state0``, ... and ``grad_vector...``, and ``grad_hoisted`` (B, T, W) of all
                steps where x came hoisted.
        """
        x = arrays["grad_hoisted"] if self.input_weight is None else self.grad_x
        states = [arrays[f"grad_state{i}"] for i in range(self.plan.states)]
        vectors = [
            arrays[f"grad_vector{v}"].sum(0) if want else None
            for v, want in zip(self.plan.vectors, self.wants_vector, strict=True)
        ]
        return [x, self.first.get("weight"), self.first.get("bias"), *states, *self.weights, *self.biases, *vectors]


def _sum(so_far: Tensor | None, more: Tensor) -> Tensor:
    return more if so_far is None else so_far.add_(more)


def _add_product(so_far: Tensor | None, grads: Tensor, rows: Tensor) -> Tensor:
    """``so_far`` and the weight's gradient by these rows: (columns, width of the source)."""
    return grads.t() @ rows if so_far is None else so_far.addmm_(grads.t(), rows)
