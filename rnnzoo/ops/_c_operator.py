"""The gated recurrence in native code as operators that ``torch.compile`` keeps as they are in the graphs it makes.

A graph cannot follow addresses, so native code is opaque to it: one operator forward and one backward, told apart by
the kernel's key, with the shapes of what they give. What the backward loop reads is among the forward one's results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.ops._c_gated import Missing, find_kernel, forward_loop, gradients, sizes_of
from rnnzoo.ops._c_kernel import Kernel
from rnnzoo.ops._gated_fast import split
from rnnzoo.ops._gated_plan import Structure

_KERNELS: dict[str, Kernel] = {}
"""Those that a graph may call, by the name of their library, which is a hash of what is in it."""


def kernel_key(structure: Structure, device: str, dtype: torch.dtype) -> str:
    """The key of a recurrence's native code, built if need be; "" where it has none."""
    kernel = find_kernel(structure, device, dtype)
    if isinstance(kernel, Missing):
        return ""
    _KERNELS[kernel.path] = kernel
    return kernel.path


def run_in_graph(
    key: str, x: Tensor, input_weight: Tensor | None, input_bias: Tensor | None, state: State,
    weights: Sequence[Tensor | None], biases: Sequence[Tensor | None], vectors: Sequence[Tensor],
    lengths: Tensor | None,
) -> tuple[Tensor, State]:  # fmt: skip
    """As ``_c_gated.run_c``, of the kernel with this key."""
    found = gated_forward(key, lengths, [x, input_weight, input_bias, *state, *weights, *biases, *vectors])
    return found[0], tuple(found[1 : 1 + len(state)])


@torch.library.custom_op("rnnzoo::gated_forward", mutates_args=())
def gated_forward(key: str, lengths: Tensor | None, tensors: Sequence[Tensor | None]) -> list[Tensor]:
    """The output, the final states, and what a backward loop reads besides the arguments."""
    kernel = _KERNELS[key]
    y, final, kept = forward_loop(kernel, lengths, tuple(tensors), keep=True)
    arrays = [kept.arrays[name] for name in _extra(kernel)]
    return [y, *final, *(a.clone() if a is tensors[0] else a for a in arrays)]


@gated_forward.register_fake
def _(key: str, lengths: Tensor | None, tensors: Sequence[Tensor | None]) -> list[Tensor]:
    kernel = _KERNELS[key]
    x, input_weight = tensors[0], tensors[1]
    assert x is not None
    (batch, time), (state, weights, _, _) = x.shape[:2], split(kernel.plan, tuple(tensors[3:]))
    columns = x.shape[2] if input_weight is None else input_weight.shape[0]
    size = sizes_of(kernel.plan, time, columns, tuple(tensors[3:]))
    widths = {"hoisted": columns}
    widths |= {f"kept{ref}": size[f"width{ref}"] for ref in kernel.plan.kept}
    widths |= {f"product{s}": weight.shape[0] for s, weight in enumerate(weights) if weight is not None}
    y = x.new_empty(batch, time, size[f"width{kernel.plan.output}"])
    extra = [x.new_empty(batch, time, widths[name]) for name in _extra(kernel)]
    return [y, *(x.new_empty(member.shape) for member in state), *extra]


@torch.library.custom_op("rnnzoo::gated_backward", mutates_args=())
def gated_backward(
    key: str, lengths: Tensor | None, tensors: Sequence[Tensor | None], wanted: Sequence[bool],
    made: Sequence[Tensor], grads: Sequence[Tensor | None],
) -> list[Tensor]:  # fmt: skip
    """The gradients of the wanted tensors, of those of the output and the final states."""
    kernel = _KERNELS[key]
    plan = kernel.plan
    (x, input_weight, _), (state, weights, _, vectors) = tensors[:3], split(plan, tuple(tensors[3:]))
    arrays = dict(zip(_extra(kernel), made[1:], strict=True))
    if plan.output in plan.kept:
        arrays[f"kept{plan.output}"] = made[0]
    arrays |= {f"state{i}": member.contiguous() for i, member in enumerate(state)}
    arrays |= {f"vector{v}": vector.contiguous() for v, vector in zip(plan.vectors, vectors, strict=True)}
    lengths = None if lengths is None else lengths.to(torch.int64).contiguous()
    size = sizes_of(plan, made[1].shape[1], made[1].shape[2], tensors[3:])
    found = gradients(kernel, lengths, size, x, input_weight, weights, arrays, grads[0], grads[1:], wanted)
    return [grad for grad, want in zip(found, wanted, strict=True) if want and grad is not None]


@gated_backward.register_fake
def _(
    key: str, lengths: Tensor | None, tensors: Sequence[Tensor | None], wanted: Sequence[bool],
    made: Sequence[Tensor], grads: Sequence[Tensor | None],
) -> list[Tensor]:  # fmt: skip
    return [t.new_empty(t.shape) for t, want in zip(tensors, wanted, strict=True) if want and t is not None]


def _extra(kernel: Kernel) -> list[str]:
    """The arrays that the forward loop makes for the backward one, but for the output."""
    weighted = [step.source >= 0 and not step.stage.summed for step in kernel.plan.steps]
    products = [f"product{s}" for s, there in enumerate(weighted) if there]
    return ["hoisted", *products, *(f"kept{ref}" for ref in kernel.plan.kept if ref != kernel.plan.output)]


def _remember(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    ctx.key, lengths, tensors = inputs
    ctx.states, ctx.count = _KERNELS[ctx.key].plan.states, len(tensors)
    ctx.wanted = [t is not None and t.requires_grad for t in tensors]
    ctx.save_for_backward(lengths, *tensors, output[0], *output[1 + ctx.states :])


def _differentiate(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    lengths, *rest = ctx.saved_tensors
    tensors, made = rest[: ctx.count], rest[ctx.count :]
    given = list(grads[: 1 + ctx.states])
    found = iter(gated_backward(ctx.key, lengths, tensors, ctx.wanted, made, given))
    return None, None, [next(found) if want else None for want in ctx.wanted]


gated_forward.register_autograd(_differentiate, setup_context=_remember)
