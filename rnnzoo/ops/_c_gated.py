"""The gated recurrence in native code as one node of autograd.

Input products and weight gradients are torch's matrix products over all steps at once; the two loops over time are C
(``_c_source.py``), in which each thread takes rows of its own through the whole sequence.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnzoo.contracts import State
from rnnzoo.ops._c_build import DTYPES, CannotBuild, Missing, apart, library
from rnnzoo.ops._c_kernel import Kernel, panels, parts_of
from rnnzoo.ops._c_source import source
from rnnzoo.ops._gated_fast import split
from rnnzoo.ops._gated_plan import Plan, Structure
from rnnzoo.ops._gated_products import Products
from rnnzoo.ops._gated_reference import gated_reference
from rnnzoo.ops._pointwise import NotPointwise
from rnnzoo.ops.backends import BackendError


@functools.cache
def c_source(structure: Structure) -> tuple[Plan, str] | Missing:
    """The plan of a recurrence and its C file, or why it has none; nothing is built."""
    plan = Plan(*structure)
    try:
        return plan, source(plan)
    except NotPointwise as error:
        return Missing(str(error), here=False)


@functools.cache
def find_kernel(structure: Structure, device: str, dtype: torch.dtype) -> Kernel | Missing:
    """The native code of a recurrence, built at its first use, or why there is none."""
    if device != "cpu":
        return Missing(f"it runs on the CPU, not on {device}", here=False)
    if dtype not in DTYPES:
        return Missing(f"it computes in float32 and float64, not in {dtype}", here=False)
    found = c_source(structure)
    if isinstance(found, Missing):
        return found
    from rnnzoo.ops._c_check import check_kernel

    plan, text = found
    try:
        kernel = Kernel(structure, plan, library(text, dtype))
        apart(check_kernel, kernel, structure, dtype)
    except CannotBuild as error:
        return Missing(str(error), here=True)
    return kernel


def run_c(
    kernel: Kernel, x: Tensor, input_weight: Tensor | None, input_bias: Tensor | None, state: State,
    weights: Sequence[Tensor | None], biases: Sequence[Tensor | None], vectors: Sequence[Tensor],
    lengths: Tensor | None,
) -> tuple[Tensor, State]:  # fmt: skip
    """Run the recurrence; arguments as in ``ops.gated``, the biases of summed stages folded into the input's."""
    tensors = (x, input_weight, input_bias, *state, *weights, *biases, *vectors)
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
        y, *final = GatedC.apply(kernel, lengths, *tensors)
    else:
        y, final, _ = forward_loop(kernel, lengths, tensors, keep=False)
    return y, tuple(final)


CHUNK_ELEMENTS = 1 << 20
"""Of the arrays of a chunk of the backward pass together: four megabytes in float32."""
CHUNK_ROWS = 1 << 10
"""Rows of a chunk over all its steps, at least: fewer make the products of weights' gradients slower."""


class Kept(NamedTuple):
    """What the backward pass needs besides tensors of the caller's."""

    arrays: dict[str, Any]
    size: dict[str, int]
    lengths: Tensor | None


def forward_loop(
    kernel: Kernel, lengths: Tensor | None, tensors: tuple[Any, ...], keep: bool
) -> tuple[Tensor, list[Tensor], Kept]:
    """Run the loop over the tensors of `GatedC.apply`; with ``keep``, all that a backward loop reads is written out."""
    plan = kernel.plan
    (x, input_weight, input_bias), (state, weights, biases, vectors) = tensors[:3], split(plan, tensors[3:])
    batch, time = x.shape[:2]
    if input_weight is not None:
        hoisted = F.linear(x, input_weight, input_bias)  # (B, T, W)
    else:
        hoisted = x.clone() if any(step.stage.summed for step in plan.steps) else x.contiguous()
    size = sizes_of(plan, time, hoisted.shape[2], tensors[3:])
    empty = x.new_empty if lengths is None else x.new_zeros

    arrays: dict[str, Any] = {"hoisted": hoisted, "y": empty(batch, time, size[f"width{plan.output}"])}
    if keep:
        for ref in plan.kept:
            arrays[f"kept{ref}"] = arrays["y"] if ref == plan.output else empty(batch, time, size[f"width{ref}"])
    lanes = 8 if x.dtype == torch.float32 else 4
    for s, (step, weight, bias) in enumerate(zip(plan.steps, weights, biases, strict=True)):
        if weight is not None:
            arrays[f"weight{s}"] = panels(weight.t(), lanes)
            arrays[f"bias{s}"] = None if bias is None else bias.contiguous()
            if keep and not step.stage.summed:
                arrays[f"product{s}"] = x.new_empty(batch, time, weight.shape[0])
    for i, member in enumerate(state):
        arrays[f"state{i}"] = member.contiguous()
        arrays[f"final{i}"] = x.new_empty(member.shape)
    for ref, vector in zip(plan.vectors, vectors, strict=True):
        arrays[f"vector{ref}"] = vector.contiguous()
    lengths = None if lengths is None else lengths.to(torch.int64).contiguous()
    kernel.run(False, arrays, size, parts_of(batch, lengths, _work(hoisted, weights)), lengths)

    final = [arrays[f"final{i}"] for i in range(plan.states)]
    return arrays["y"], final, Kept(arrays, size, lengths)


def _work(hoisted: Tensor, weights: Sequence[Tensor | None]) -> int:
    """Multiplications of all steps together, for the number of threads."""
    return hoisted.shape[0] * hoisted.shape[1] * (hoisted.shape[2] + sum(w.numel() for w in weights if w is not None))


class GatedC(torch.autograd.Function):
    """``apply(kernel, lengths, x, input_weight, input_bias, *state, *weights, *biases, *vectors) -> (y, *final)``."""

    @staticmethod
    def forward(ctx: Any, kernel: Kernel, lengths: Tensor | None, *tensors: Any) -> tuple[Tensor, ...]:
        """Run the loop and keep what the backward loop reads; shapes as in ``ops.gated``."""
        y, final, kept = forward_loop(kernel, lengths, tensors, keep=True)
        names = [name for name in kernel.names[True] if kept.arrays.get(name) is not None]
        x, input_weight = tensors[:2]
        weights = split(kernel.plan, tensors[3:])[1]
        ctx.kernel, ctx.names, ctx.size = kernel, names, kept.size
        ctx.save_for_backward(
            x if input_weight is not None else None, input_weight, kept.lengths, *weights,
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
                "backend='c' gives first derivatives, and backward was called with create_graph=True; "
                "second derivatives need backend='reference'."
            )
        stages = len(ctx.kernel.plan.steps)
        x, input_weight, lengths, *rest = ctx.saved_tensors
        arrays = dict(zip(ctx.names, rest[stages:], strict=False))
        wanted = ctx.needs_input_grad[2:]
        given = (x, input_weight, rest[:stages], arrays, grad_y, grad_final, wanted)
        return None, None, *gradients(ctx.kernel, lengths, ctx.size, *given)


def gradients(
    kernel: Kernel, lengths: Tensor | None, size: dict[str, int], x: Tensor | None, input_weight: Tensor | None,
    weights: Sequence[Tensor | None], arrays: dict[str, Any], grad_y: Tensor | None,
    grad_final: Sequence[Tensor | None], wanted: Sequence[bool],
) -> list[Tensor | None]:  # fmt: skip
    """The backward loop through chunks of steps, last first, and the products over a chunk's steps after each.

    So the gradients of what is multiplied never have all steps at once, but for that of an x that came hoisted.

    Args:
        size: as `sizes_of` gives it.
        arrays: what the forward loop kept, by name.
        wanted: for each tensor of `GatedC.apply` whether its gradient is; the others are ``None``.
    """
    plan, hoisted = kernel.plan, arrays["hoisted"]
    batch, time, width = hoisted.shape
    empty = hoisted.new_empty if lengths is None else hoisted.new_zeros
    arrays["grad_y"] = None if grad_y is None else grad_y.contiguous()
    columns: dict[str, int] = {}  # of the arrays that have a chunk's steps alone
    if input_weight is None:
        arrays["grad_hoisted"] = empty(batch, time, width)
    else:
        columns["grad_hoisted"] = width
    lanes = 8 if hoisted.dtype == torch.float32 else 4
    for s, (step, weight) in enumerate(zip(plan.steps, weights, strict=True)):
        if weight is not None:
            arrays[f"weight{s}"] = panels(weight, lanes)
            if not step.stage.summed:
                columns[f"grad_product{s}"] = weight.shape[0]
    for i, grad in enumerate(grad_final):
        arrays[f"grad_final{i}"] = None if grad is None else grad.contiguous()
        arrays[f"grad_state{i}"] = hoisted.new_empty(arrays[f"state{i}"].shape)
    parts = parts_of(batch, lengths, _work(hoisted, weights))
    arrays |= {f"grad_vector{v}": hoisted.new_zeros(batch, size[f"width{v}"]) for v in plan.vectors}

    products = Products(plan, x, input_weight, time, wanted, _source_rows)
    length = _chunk(batch, time, sum(columns.values()))
    room = {name: empty(batch * length * count) for name, count in columns.items()}
    for stop in range(time, 0, -length):
        first = max(stop - length, 0)
        for name, count in columns.items():
            part = room[name][: batch * (stop - first) * count].view(batch, stop - first, count)
            arrays[name] = part if lengths is None or stop == time else part.zero_()
        begin, end = (0, time) if input_weight is None else (first, stop)
        steps = {"first": first, "stop": stop, "begin": begin, "room": end - begin}
        kernel.run(True, arrays, size | steps, parts, lengths)
        products.add(arrays, first, stop)
        arrays |= {f"grad_final{i}": arrays[f"grad_state{i}"] for i in range(plan.states)}
    return products.gradients(arrays)


def _chunk(batch: int, time: int, columns: int) -> int:
    """The steps of a chunk of the backward pass, of arrays of so many columns in all; chunks are about alike."""
    rows = max(CHUNK_ROWS, CHUNK_ELEMENTS // max(1, columns))
    chunks = -(-time // max(1, rows // batch))
    return -(-time // chunks)


def _differentiable(ctx: Any, grad_y: Tensor | None, grad_final: tuple[Tensor | None, ...]) -> list[Tensor | None]:
    """The gradients, by the readable loop, whose gradients have gradients themselves."""
    structure, plan, wanted = ctx.kernel.structure, ctx.kernel.plan, ctx.needs_input_grad[2:]
    lengths, given = ctx.saved_tensors[2], ctx.saved_tensors[-len(wanted) :]
    given = [None if tensor is None else tensor.view_as(tensor) for tensor in given]  # each by itself
    (x, input_weight, input_bias), (state, weights, biases, vectors) = given[:3], split(plan, tuple(given[3:]))
    y, final = gated_reference(
        structure.stages, x if input_weight is None else F.linear(x, input_weight, input_bias), state, weights, biases,
        dict(zip(structure.vectors, vectors, strict=True)),
        states=structure.states, output=structure.output, lengths=lengths,
    )  # fmt: skip
    ends = [(part, grad) for part, grad in zip((y, *final), (grad_y, *grad_final), strict=True) if grad is not None]
    leaves = [tensor for tensor, want in zip(given, wanted, strict=True) if want]
    outs, grads = zip(*ends, strict=True) if ends else ((), ())
    found = iter(torch.autograd.grad(outs, leaves, grads, create_graph=True, allow_unused=True))
    return [next(found) if want else None for want in wanted]


def sizes_of(plan: Plan, time: int, columns: int, tensors: Sequence[Any]) -> dict[str, int]:
    """The sizes by name, of T, W and the tensors of `GatedC.apply` from the states on; C trusts them, so they are
    checked here.

    Raises:
        ValueError: shapes do not fit.
    """
    state, weights, _, vectors = split(plan, tuple(tensors))
    channels: list[int] = []
    widths = [member.shape[-1] for member in (*state, *vectors)]
    for step, weight in zip(plan.steps, weights, strict=True):
        if weight is not None:
            channels.append(weight.shape[0] // step.stage.products)
        else:
            channels.append(step.size if step.stage.inputs else widths[step.reads[0]])
        widths += [channels[-1]] * len(step.writes)
    fits = columns == max(step.columns.stop for step in plan.steps)
    fits &= all(widths[i] == widths[ref] for i, ref in enumerate(plan.final))
    for step, weight, n in zip(plan.steps, weights, channels, strict=True):
        fits &= all(widths[ref] == n for ref in step.reads) and (not step.stage.inputs or step.size == n)
        fits &= (weight is None) == (step.source < 0)
        fits &= weight is None or weight.shape == (step.stage.products * n, widths[step.source])
    if not fits:
        raise ValueError(
            f"a gated recurrence of stages {[step.stage.writes for step in plan.steps]} was given an input product of "
            f"{columns} columns, states {[tuple(s.shape) for s in state]}, weights "
            f"{[None if w is None else tuple(w.shape) for w in weights]} and vectors "
            f"{[tuple(v.shape) for v in vectors]}; a stage works on one number of channels, and so must all that it "
            "reads and writes."
        )
    size = {"T": time, "W": columns} | {f"N{s}": n for s, n in enumerate(channels)}
    return size | {f"width{ref}": width for ref, width in enumerate(widths)}


def _source_rows(plan: Plan, ref: int, arrays: dict[str, Any], first: int, stop: int) -> Tensor:
    """What a product's weight was multiplied with in these steps, (B, stop - first, its width)."""
    if ref >= plan.states:
        return arrays[f"kept{ref}"][:, first:stop]
    kept = arrays[f"kept{plan.final[ref]}"]
    if first:
        return kept[:, first - 1 : stop - 1]
    return torch.cat([arrays[f"state{ref}"].unsqueeze(1), kept[:, : stop - 1]], 1)
