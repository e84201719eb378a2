"""Native code is compared with the readable loop before it is first used, in values and in gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._c_build import CannotBuild
from rnnzoo.ops._c_gated import Kernel, run_c
from rnnzoo.ops._gated_plan import Plan, Structure
from rnnzoo.ops._gated_reference import gated_reference

TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-8}
"""Relative to the largest value, or to 1."""
SUMMED = 8.0
"""The most that the weights of a product may add up to: wider ones would carry any difference of rounding away."""
OTHERWISE = 5
"""Channels of stages whose number of them no input tells."""


def check_kernel(kernel: Kernel, structure: Structure, dtype: torch.dtype) -> None:
    """Compare on numbers above zero, where more functions are defined, and on numbers of both signs.

    It takes some ten milliseconds, once for each recurrence and process.

    Raises:
        CannotBuild: they differ.
    """
    for low in (0.1, -0.9):
        _compare(kernel, structure, _example(kernel.plan, dtype, low), TOLERANCE[dtype])


def _compare(kernel: Kernel, structure: Structure, given: tuple[Any, ...], tolerance: float) -> None:
    lengths = torch.tensor([2, 3, 1], device="cpu")

    def native(x: Tensor, state: Any, weights: Any, biases: Any, of_vectors: Any) -> Any:
        return run_c(kernel, x, None, None, state, weights, biases, of_vectors, lengths)

    def reference(x: Tensor, state: Any, weights: Any, biases: Any, of_vectors: Any) -> Any:
        named = dict(zip(structure.vectors, of_vectors, strict=True))
        return gated_reference(
            structure.stages, x, state, weights, biases, named,
            states=structure.states, output=structure.output, lengths=lengths,
        )  # fmt: skip

    ran = [_run(function, given) for function in (native, reference)]
    for ours, theirs in zip(*ran, strict=True):
        scale = max(1.0, float(theirs.nan_to_num(0, 0, 0).abs().max()))
        if not torch.allclose(ours, theirs, rtol=0, atol=tolerance * scale, equal_nan=True):
            worst = float((ours - theirs).nan_to_num(0, float("inf")).abs().max()) / scale
            raise CannotBuild(f"what was built at {kernel.path} differs from the reference by {worst:.1e}")


def _example(plan: Plan, dtype: torch.dtype, low: float) -> tuple[Any, ...]:
    """x, state, weights, biases and vectors for three rows of three steps, between ``low`` and 0.9.

    The weights of wide products are less, so that their sums stay as they are in narrow ones.
    """
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape: int, most: float = 1.0) -> Tensor:
        unit = torch.rand(shape, generator=generator, dtype=dtype, device="cpu")
        return ((low + (0.9 - low) * unit) * min(1.0, most)).requires_grad_()

    sizes = [step.size or OTHERWISE for step in plan.steps]
    width = {ref: size for step, size in zip(plan.steps, sizes, strict=True) for ref in step.writes}
    width |= {i: width[ref] for i, ref in enumerate(plan.final)}
    width |= {
        ref: size for step, size in zip(plan.steps, sizes, strict=True) for ref in step.reads if ref in plan.vectors
    }
    weights: list[Tensor | None] = []
    biases: list[Tensor | None] = []
    for step, size in zip(plan.steps, sizes, strict=True):
        rows = step.stage.products * size
        there = step.source >= 0
        weights.append(drawn(rows, width[step.source], most=SUMMED / width[step.source]) if there else None)
        biases.append(drawn(rows) if there and not step.stage.summed else None)
    columns = max(step.columns.stop for step in plan.steps)
    state = tuple(drawn(3, width[i]) for i in range(plan.states))
    return drawn(3, 3, columns), state, weights, biases, tuple(drawn(width.get(v, 1)) for v in plan.vectors)


def _run(function: Any, given: tuple[Any, ...]) -> list[Tensor]:
    """Outputs, final states and the gradients of a weighted sum of them."""
    leaves = [leaf for part in given for leaf in ([part] if isinstance(part, Tensor) else part) if leaf is not None]
    with torch.enable_grad():
        x, *rest = given
        y, final = function(x * 1, *rest)
        parts = [y, *final]
        weights = [torch.linspace(-1, 1, part.numel(), dtype=part.dtype, device="cpu").view_as(part) for part in parts]
        score = sum((part * weight).sum() for part, weight in zip(parts, weights, strict=True))
        gradients = torch.autograd.grad(score, leaves, allow_unused=True)
    zeroed = [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, gradients, strict=True)]
    return [part.detach() for part in (*parts, *zeroed)]
