"""The fast gated recurrence as one node of autograd: forward loop, backward loop, and what is saved between them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._gated_backward import Backward, Needs
from rnnzoo.ops._gated_forward import Trace, forward_rows
from rnnzoo.ops._gated_plan import Plan
from rnnzoo.ops.backends import BackendError


class GatedRows(torch.autograd.Function):
    """``apply(plan, sizes, x, input_weight, input_bias, *state, *weights, *biases, *vectors) -> (y, *final)``."""

    @staticmethod
    def forward(ctx: Any, plan: Plan, sizes: list[int], *tensors: Any) -> tuple[Tensor, ...]:
        """Run the loop and keep its trace; shapes as in ``forward_rows``."""
        (x, input_weight, input_bias), (state, weights, biases, vectors) = tensors[:3], split(plan, tensors[3:])
        y, final, trace = forward_rows(
            plan, sizes, x, input_weight, input_bias, state, weights, biases, vectors, keep=True
        )
        ctx.plan, ctx.sizes = plan, sizes
        ctx.save_for_backward(*trace.tensors())
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*(member for member in final if not member.is_floating_point()))
        return y, *final

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor | None, *grad_final: Tensor | None) -> tuple[Any, ...]:
        """Gradients of everything that needs one.

        Raises:
            BackendError: a second derivative is wanted.
        """
        if torch.is_grad_enabled():
            raise BackendError(
                "backend='torch' gives first derivatives, and backward was called with create_graph=True; "
                "second derivatives need backend='reference'."
            )
        plan, wanted = ctx.plan, ctx.needs_input_grad[2:]
        state, weights, biases, vectors = split(plan, wanted[3:])
        x, input_weight, input_bias = wanted[:3]
        needs = Needs(x, input_weight, input_bias, any(state), weights, biases, vectors)
        trace = Trace.rebuilt(plan, ctx.sizes, ctx.saved_tensors)
        whole = Backward(plan, trace, needs, grad_y, list(grad_final))
        with torch.autocast(trace.hoisted.device.type, enabled=False):
            whole.run()
        grad_state = whole.state if needs.state else [None] * plan.states
        first = (whole.inputs, whole.input_weight, whole.input_bias)
        return None, None, *first, *grad_state, *whole.weights, *whole.biases, *whole.vectors


def split(plan: Plan, rest: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
    """``rest`` as (state, weights, biases, vectors)."""
    a, b = plan.states, plan.states + len(plan.steps)
    c = b + len(plan.steps)
    return rest[:a], rest[a:b], rest[b:c], rest[c:]
