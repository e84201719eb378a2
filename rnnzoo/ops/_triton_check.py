"""Triton's code is compared with the readable loop before it is first used, in values and in gradients."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from rnnzoo.ops._c_build import CannotBuild
from rnnzoo.ops._c_check import _example, _run
from rnnzoo.ops._gated_plan import Structure
from rnnzoo.ops._gated_reference import gated_reference
from rnnzoo.ops._triton_gated import Kernel, run_triton

TOLERANCE = {torch.float32: 1e-3, torch.float16: 5e-2, torch.bfloat16: 0.25}
"""Relative to the largest value, or to 1; the loop computes in float32."""


def check_kernel(kernel: Kernel, structure: Structure, device: str, dtype: torch.dtype) -> None:
    """Compare on numbers above zero, where more functions are defined, and on numbers of both signs.

    Triton compiles at this first call, which takes some seconds and is not done again on this machine.

    Raises:
        CannotBuild: they differ, or Triton does not compile it.
    """
    for low in (0.1, -0.9):
        given = _example(kernel.plan, torch.float32, low)
        theirs = _run(partial(_reference, structure), given)
        try:
            ours = _run(partial(_ours, kernel, device, dtype), given)
        except CannotBuild:
            raise
        except Exception as error:  # whatever a compiler, a driver or a launch has to say
            raise CannotBuild(f"Triton cannot run it ({type(error).__name__}: {str(error)[-300:]})") from error
        for our, their in zip(ours, theirs, strict=True):
            scale = max(1.0, float(their.nan_to_num(0, 0, 0).abs().max()))
            if not torch.allclose(our, their, rtol=0, atol=TOLERANCE[dtype] * scale, equal_nan=True):
                worst = float((our - their).nan_to_num(0, float("inf")).abs().max()) / scale
                raise CannotBuild(f"what Triton made differs from the reference by {worst:.1e}")


def _lengths() -> Tensor:
    return torch.tensor([2, 3, 1], device="cpu")


def _ours(
    kernel: Kernel, device: str, dtype: torch.dtype, x: Tensor, state: Any, weights: Any, biases: Any, vectors: Any
) -> tuple[Tensor, tuple[Tensor, ...]]:
    def there(tensors: Any, to: torch.dtype = torch.float32) -> list[Tensor | None]:
        return [None if t is None else t.to(device, to) for t in tensors]

    given = there([x], dtype)[0], None, None, tuple(there(state)), there(weights, dtype), there(biases), there(vectors)
    y, final = run_triton(kernel, *given, _lengths().to(device))  # type: ignore[arg-type]
    return y.to("cpu", torch.float32), tuple(member.cpu() for member in final)


def _reference(
    structure: Structure, x: Tensor, state: Any, weights: Any, biases: Any, vectors: Any
) -> tuple[Tensor, tuple[Tensor, ...]]:
    named = dict(zip(structure.vectors, vectors, strict=True))
    return gated_reference(
        structure.stages, x, state, weights, biases, named,
        states=structure.states, output=structure.output, lengths=_lengths(),
    )  # fmt: skip
