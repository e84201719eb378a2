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


def runs_in_graph(x: Tensor, state: State) -> bool:
    """Whether a graph that is traced may hold native code: it stays in this process, and no state has whole numbers."""
    return not torch.compiler.is_exporting() and all(member.is_floating_point() for member in state)


def run_in_graph(
    key: str, x: Tensor, input_weight: Tensor | None, input_bias: Tensor | None, state: State,
    weights: Sequence[Tensor | None], biases: Sequence[Tensor | None], vectors: Sequence[Tensor],
    lengths: Tensor | None,
) -> tuple[Tensor, State]:  # fmt: skip
    """As ``_c_gated.run_c``, of the kernel with this key."""
    tensors = [x, input_weight, input_bias, *state, *weights, *biases, *vectors]
    present, given = [t is not None for t in tensors], [t for t in tensors if t is not None]
    found = gated_forward(key, lengths, present, given)
    return found[0], tuple(found[1 : 1 + len(state)])


@torch.library.custom_op("rnnzoo::gated_forward", mutates_args=())
def gated_forward(key: str, lengths: Tensor | None, present: Sequence[bool], given: Sequence[Tensor]) -> list[Tensor]:
    """The output, the final states, and what a backward loop reads besides the arguments.

    Args:
        key: of the native code.
        lengths: (B,) int64.
        present: which of the tensors of ``GatedC.apply`` there are.
        given: those, in order.
    """
    kernel, tensors = _KERNELS[key], _in_places(present, given)
    y, final, kept = forward_loop(kernel, lengths, tensors, keep=True)
    arrays = [kept.arrays[name] for name in _extra(kernel)]
    return [y, *final, *(array.clone() if array is given[0] else array for array in arrays)]


@gated_forward.register_fake
def _(key: str, lengths: Tensor | None, present: Sequence[bool], given: Sequence[Tensor]) -> list[Tensor]:
    kernel, (x, input_weight, _, *rest) = _KERNELS[key], _in_places(present, given)
    plan, (batch, time) = kernel.plan, x.shape[:2]
    state, weights, _, _ = split(plan, tuple(rest))
    columns = x.shape[2] if input_weight is None else input_weight.shape[0]
    size = sizes_of(plan, time, columns, rest)
    widths = {"hoisted": columns} | {f"kept{ref}": size[f"width{ref}"] for ref in plan.kept}
    widths |= {f"product{s}": weight.shape[0] for s, weight in enumerate(weights) if weight is not None}
    y = x.new_empty(batch, time, size[f"width{plan.output}"])
    extra = [x.new_empty(batch, time, widths[name]) for name in _extra(kernel)]
    return [y, *(x.new_empty(member.shape) for member in state), *extra]


@torch.library.custom_op("rnnzoo::gated_backward", mutates_args=())
def gated_backward(
    key: str, lengths: Tensor | None, present: Sequence[bool], wanted: Sequence[bool], given: Sequence[Tensor],
    made: Sequence[Tensor], grads: Sequence[Tensor | None],
) -> list[Tensor]:  # fmt: skip
    """The gradients of those of the given tensors that are wanted.

    Args:
        made: what `gated_forward` gave, without the final states.
        grads: of the output and the final states.
    """
    kernel, (x, input_weight, _, *rest) = _KERNELS[key], _in_places(present, given)
    plan = kernel.plan
    state, weights, _, vectors = split(plan, tuple(rest))
    arrays = dict(zip(_extra(kernel), made[1:], strict=True))
    if plan.output in plan.kept:
        arrays[f"kept{plan.output}"] = made[0]
    arrays |= {f"state{i}": member.contiguous() for i, member in enumerate(state)}
    arrays |= {f"vector{v}": vector.contiguous() for v, vector in zip(plan.vectors, vectors, strict=True)}
    size = sizes_of(plan, made[1].shape[1], made[1].shape[2], rest)
    lengths = None if lengths is None else lengths.to(torch.int64).contiguous()
    wants = _in_places(present, wanted, False)
    found = gradients(kernel, lengths, size, x, input_weight, weights, arrays, grads[0], grads[1:], wants)
    return [grad for grad, want in zip(found, wants, strict=True) if want and grad is not None]


@gated_backward.register_fake
def _(
    key: str, lengths: Tensor | None, present: Sequence[bool], wanted: Sequence[bool], given: Sequence[Tensor],
    made: Sequence[Tensor], grads: Sequence[Tensor | None],
) -> list[Tensor]:  # fmt: skip
    return [tensor.new_empty(tensor.shape) for tensor, want in zip(given, wanted, strict=True) if want]


def _in_places(present: Sequence[bool], given: Sequence[Any], absent: Any = None) -> tuple[Any, ...]:
    """What was given, each in its place among the tensors of ``GatedC.apply``."""
    each = iter(given)
    return tuple(next(each) if there else absent for there in present)


def _extra(kernel: Kernel) -> list[str]:
    """The arrays that the forward loop makes for the backward one, but for the output."""
    steps = kernel.plan.steps
    products = [f"product{s}" for s, step in enumerate(steps) if step.source >= 0 and not step.stage.summed]
    return ["hoisted", *products, *(f"kept{ref}" for ref in kernel.plan.kept if ref != kernel.plan.output)]


def _remember(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    ctx.key, lengths, ctx.present, given = inputs
    ctx.states, ctx.count = _KERNELS[ctx.key].plan.states, len(given)
    ctx.wanted = [tensor.requires_grad for tensor in given]
    ctx.save_for_backward(lengths, *given, output[0], *output[1 + ctx.states :])


def _differentiate(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    lengths, *rest = ctx.saved_tensors
    given, made = rest[: ctx.count], rest[ctx.count :]
    ends = list(grads[: 1 + ctx.states])
    found = iter(gated_backward(ctx.key, lengths, ctx.present, ctx.wanted, given, made, ends))
    return None, None, None, [next(found) if want else None for want in ctx.wanted]


gated_forward.register_autograd(_differentiate, setup_context=_remember)
