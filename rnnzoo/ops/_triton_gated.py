"""The gated recurrence in Triton as one node of autograd.

Input products and weight gradients are torch's matrix products over all steps at once; the two loops over time are
Triton (``_triton_source.py``), one launch each. States and sums are float32, whatever the numbers come as.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnzoo.contracts import State
from rnnzoo.ops._c_build import CannotBuild, Missing, apart
from rnnzoo.ops._c_gated import _differentiable, sizes_of
from rnnzoo.ops._gated_fast import split
from rnnzoo.ops._gated_plan import Plan, Structure
from rnnzoo.ops._gated_products import Products
from rnnzoo.ops._pointwise import NotPointwise
from rnnzoo.ops._triton_kernel import Kernel, Tiles, check_machine
from rnnzoo.ops._triton_source import source
from rnnzoo.ops._triton_writer import is_separate
from rnnzoo.ops.backends import BackendError


@functools.cache
def triton_source(structure: Structure) -> tuple[Plan, str] | Missing:
    """The plan of a recurrence and its Triton file, or why it has none; Triton itself is not needed."""
    if not all(stage.pointwise for stage in structure.stages):
        return Missing("an update mixes channels", here=False)
    plan = Plan(*structure)
    try:
        return plan, source(plan)
    except NotPointwise as error:
        return Missing(str(error), here=False)


@functools.cache
def find_triton(structure: Structure, device: str, dtype: torch.dtype) -> Kernel | Missing:
    """The Triton code of a recurrence, compiled and checked at its first use, or why there is none."""
    from rnnzoo.ops._triton_check import check_kernel

    try:
        reason = check_machine(device, dtype)
        if reason:
            return Missing(reason, here=False)
        found = triton_source(structure)
        if isinstance(found, Missing):
            return found
        kernel = Kernel(structure, *found)
        apart(check_kernel, kernel, structure, device, dtype)
    except CannotBuild as error:
        return Missing(str(error), here=True)
    return kernel


def run_triton(
    kernel: Kernel, x: Tensor, input_weight: Tensor | None, input_bias: Tensor | None, state: State,
    weights: Sequence[Tensor | None], biases: Sequence[Tensor | None], vectors: Sequence[Tensor],
    lengths: Tensor | None,
) -> tuple[Tensor, State]:  # fmt: skip
    """Run the recurrence; arguments as in ``ops.gated``, the biases of summed stages folded into the input's.

    Recurrent weights are multiplied in the dtype of x.
    """
    weights = [None if weight is None else weight.to(x.dtype) for weight in weights]
    tensors = (x, input_weight, input_bias, *state, *weights, *biases, *vectors)
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
        y, *final = GatedTriton.apply(kernel, lengths, *tensors)
    else:
        y, final, _ = _forward(kernel, lengths, tensors, keep=False)
    return y, tuple(final)


class Kept(NamedTuple):
    """What the backward pass needs besides tensors of the caller's."""

    arrays: dict[str, Any]
    size: dict[str, int]
    tiles: Tiles


def _forward(
    kernel: Kernel, lengths: Tensor | None, tensors: tuple[Any, ...], keep: bool
) -> tuple[Tensor, list[Tensor], Kept]:
    """Run the loop over the tensors of `GatedTriton.apply`; with ``keep``, all that a backward loop reads is kept."""
    plan = kernel.plan
    (x, input_weight, input_bias), (state, weights, biases, vectors) = tensors[:3], split(plan, tensors[3:])
    batch, time = x.shape[:2]
    if input_weight is not None:
        hoisted = F.linear(x, input_weight, input_bias)  # (B, T, W)
    else:
        hoisted = x.clone() if keep and any(step.stage.summed for step in plan.steps) else x
    hoisted = hoisted.contiguous()
    size = sizes_of(plan, time, hoisted.shape[2], tensors[3:]) | {"B": batch}
    widths = [size[f"width{ref}"] for ref in range(plan.values)]
    tiles = kernel.tiles(hoisted, widths)
    empty = x.new_empty if lengths is None else x.new_zeros

    arrays: dict[str, Any] = {"hoisted": hoisted}
    sources = {step.source for step in plan.steps}
    for ref in plan.kept:
        of = plan.final.index(ref) if ref in plan.final else ref
        if keep or (not tiles.whole and (ref in sources or of in sources)):
            arrays[f"kept{ref}"] = empty(batch, time + (ref in plan.final), widths[ref])
    shared = arrays.get(f"kept{plan.output}")
    if shared is None:
        y = arrays["y"] = empty(batch, time, widths[plan.output])
    else:
        y = shared[:, 1:] if plan.output in plan.final else shared
    for s, (step, weight, bias) in enumerate(zip(plan.steps, weights, biases, strict=True)):
        if weight is not None:
            arrays[f"weight{s}"] = weight.contiguous()
            if is_separate(step):
                arrays[f"bias{s}"] = weight.new_zeros(len(weight)) if bias is None else bias.contiguous()
            if keep and is_separate(step):
                arrays[f"product{s}"] = x.new_empty(batch, time, weight.shape[0])
    for i, member in enumerate(state):
        arrays[f"state{i}"] = member.contiguous()
        arrays[f"final{i}"] = torch.empty_like(arrays[f"state{i}"])
    for ref, vector in zip(plan.vectors, vectors, strict=True):
        arrays[f"vector{ref}"] = vector.contiguous()
    arrays["ends"] = None if lengths is None else lengths.to(x.device, torch.int64).contiguous()
    kernel.run(False, arrays, size, tiles, KEEP=keep, RAGGED=lengths is not None, OUT=shared is None)
    return y, [arrays[f"final{i}"] for i in range(plan.states)], Kept(arrays, size, tiles)


class GatedTriton(torch.autograd.Function):
    """``apply(kernel, lengths, x, input_weight, input_bias, *state, *weights, *biases, *vectors) -> (y, *final)``."""

    @staticmethod
    def forward(ctx: Any, kernel: Kernel, lengths: Tensor | None, *tensors: Any) -> tuple[Tensor, ...]:
        """Run the loop and keep what the backward loop reads; shapes as in ``ops.gated``."""
        y, final, kept = _forward(kernel, lengths, tensors, keep=True)
        names = [name for name in kernel.names[True] if kept.arrays.get(name) is not None]
        x, input_weight = tensors[:2]
        ctx.kernel, ctx.names, ctx.size, ctx.tiles = kernel, names, kept.size, kept.tiles
        ctx.save_for_backward(
            x if input_weight is not None else None, input_weight, kept.arrays["ends"],
            *(kept.arrays[name] for name in names), *(tensors if kernel.twice else ()),
        )  # fmt: skip
        ctx.set_materialize_grads(False)
        return y, *final

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor | None, *grad_final: Tensor | None) -> tuple[Any, ...]:
        """Gradients of everything that needs one.

        Raises:
            BackendError: a second derivative is wanted.
        """
        if torch.is_grad_enabled() and ctx.kernel.twice:
            return (None, None, *_differentiable(ctx, grad_y, grad_final))
        if torch.is_grad_enabled():
            raise BackendError(
                "backend='triton' gives first derivatives, and backward was called with create_graph=True; "
                "second derivatives need backend='reference'."
            )
        with torch.autocast(ctx.saved_tensors[3].device.type, enabled=False):
            return (None, None, *_gradients(ctx, grad_y, grad_final))


def _gradients(ctx: Any, grad_y: Tensor | None, grad_final: tuple[Tensor | None, ...]) -> list[Tensor | None]:
    """The loop backward, then the products over all steps."""
    kernel, plan, size = ctx.kernel, ctx.kernel.plan, ctx.size
    x, input_weight, lengths, *rest = ctx.saved_tensors
    arrays: dict[str, Any] = dict(zip(ctx.names, rest, strict=False))
    hoisted = arrays["hoisted"]
    batch, time, width = hoisted.shape
    empty = hoisted.new_empty if lengths is None else hoisted.new_zeros
    out = (batch, time, size[f"width{plan.output}"])
    arrays["grad_y"] = hoisted.new_zeros(out) if grad_y is None else grad_y.contiguous()
    arrays["grad_hoisted"] = empty(batch, time, width)
    for s, step in enumerate(plan.steps):
        if is_separate(step):
            arrays[f"grad_product{s}"] = empty(arrays[f"product{s}"].shape)
    for i, grad in enumerate(grad_final):
        member = arrays[f"state{i}"]
        arrays[f"grad_final{i}"] = torch.zeros_like(member) if grad is None else grad.contiguous()
        arrays[f"grad_state{i}"] = torch.empty_like(member)
    of_vectors = {ref: (batch, size[f"width{ref}"]) for ref in plan.vectors}
    arrays |= {f"grad_vector{ref}": torch.empty(shape, device=hoisted.device) for ref, shape in of_vectors.items()}
    kernel.run(True, arrays, size, ctx.tiles, KEEP=True, RAGGED=lengths is not None, OUT=False)

    products = Products(plan, x, input_weight, time, ctx.needs_input_grad[2:], _source_rows)
    products.add(arrays, 0, time)
    return products.gradients(arrays)


def _source_rows(plan: Plan, ref: int, arrays: dict[str, Any], first: int, stop: int) -> Tensor:
    """What a product's weight was multiplied with in these steps, (B, stop - first, its width)."""
    if ref < plan.states:
        return arrays[f"kept{plan.final[ref]}"][:, first:stop]
    begin = int(ref in plan.final)  # a state has its initial one in front
    return arrays[f"kept{ref}"][:, first + begin : stop + begin]
