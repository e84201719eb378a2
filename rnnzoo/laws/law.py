"""What laws are made of: the small cell they try, a differentiated run of it, and the comparison of two runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.contracts import LayerEntry, State

TOLERANCE = 1e-10
"""How far two float64 results of the same function may differ, relative to their size or 1."""

MakeCell = Callable[[], Any]


class LawBroken(AssertionError):
    """A cell does not obey a law; the message says what differs, and by how much."""


@dataclass(frozen=True)
class Law:
    """A statement about cells and the check of it."""

    name: str
    statement: str
    check: Callable[[MakeCell, LayerEntry], None]
    needs: Callable[[LayerEntry], bool]
    slow: bool

    def __call__(self, make_cell: MakeCell, entry: LayerEntry) -> None:
        """Raise `LawBroken` unless the cell obeys."""
        self.check(make_cell, entry)


LAWS: dict[str, Law] = {}
"""Every law by name, in the order they are best read."""


def law(
    name: str, *, needs: Callable[[LayerEntry], bool] = lambda entry: True, slow: bool = False
) -> Callable[[Callable[[MakeCell, LayerEntry], None]], Callable[[MakeCell, LayerEntry], None]]:
    """File a check as a law; ``needs`` tells from the registration whether the cell claims it at all."""

    def file(check: Callable[[MakeCell, LayerEntry], None]) -> Callable[[MakeCell, LayerEntry], None]:
        LAWS[name] = Law(name, (check.__doc__ or "").strip(), check, needs, slow)
        return check

    return file


def small_cell(entry: LayerEntry, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> Any:
    """The layer's tiny cell with random weights: as initialised, plus noise, so that no two gates are alike.

    It is in evaluation mode, where no row sees another: batch norm uses the statistics it keeps, dropout is off.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cell = entry.target(**entry.tiny, dtype=dtype)
        with torch.no_grad():
            for parameter in cell.parameters():
                parameter.add_(torch.randn_like(parameter), alpha=0.2)
    return cell.eval()


def same(actual: Any, expected: Any, what: str, tolerance: float = TOLERANCE) -> None:
    """Raise `LawBroken` unless two tensors, or nested tuples of them, agree.

    The difference is measured relative to the largest magnitude in ``expected``, or to 1 where that is larger.
    """
    if isinstance(expected, (tuple, list)):
        if len(actual) != len(expected):
            raise LawBroken(f"{what}: {len(actual)} members, expected {len(expected)}")
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            same(a, e, f"{what}[{i}]", tolerance)
        return
    if actual.shape != expected.shape:
        raise LawBroken(f"{what}: shape {tuple(actual.shape)}, expected {tuple(expected.shape)}")
    if not expected.numel():
        return
    actual, expected = actual.detach().double(), expected.detach().double()
    scale = max(1.0, float(expected.abs().max()))
    worst = float((actual - expected).abs().max())
    if not worst <= tolerance * scale:  # also where it is NaN
        raise LawBroken(f"{what}: differs by {worst:.3g}, more than {tolerance:.0e} x {scale:.3g}")


class Run(NamedTuple):
    """What one run of a cell gave: outputs, final state and the gradients of a random scalar of both."""

    y: Tensor
    state: State
    gradients: dict[str, Tensor]


def example(cell: Any, *, batch: int = 3, time: int = 7, seed: int = 1) -> tuple[Tensor, State]:
    """A random input (B, T, I) and a state the cell can be in: the one it reaches over another random input."""
    generator = torch.Generator().manual_seed(seed)
    x, before = (
        torch.randn(batch, steps, cell.input_size, generator=generator, dtype=torch.float64) for steps in (time, 2)
    )
    with torch.no_grad():
        state = cell(before)[1]
    return x, tuple(member.clone() for member in state)


def run(cell: Any, forward: Callable[[Tensor, State], tuple[Tensor, State]], x: Tensor, state: State) -> Run:
    """Run ``forward(x, state)`` and differentiate a fixed random sum of its outputs and its final state.

    The gradients go by name: "x", "state[i]" and each parameter's.
    """
    x = x.clone().requires_grad_()
    state = tuple(m.clone().requires_grad_(m.is_floating_point()) for m in state)
    y, final = forward(x, state)
    generator = torch.Generator().manual_seed(7)
    score = torch.zeros((), dtype=torch.float64)
    for part in (y, *final):
        if part.is_floating_point():
            score = score + (part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum()
    named: dict[str, Tensor] = {"x": x} | {f"state[{i}]": m for i, m in enumerate(state) if m.requires_grad}
    named |= {name: p for name, p in cell.named_parameters() if p.requires_grad}
    gradients = torch.autograd.grad(score, list(named.values()), allow_unused=True)
    pairs = zip(named.items(), gradients, strict=True)
    zeroed = {name: torch.zeros_like(of) if gradient is None else gradient for (name, of), gradient in pairs}
    return Run(y.detach(), tuple(member.detach() for member in final), zeroed)


def same_run(actual: Run, expected: Run, what: str, tolerance: float = TOLERANCE) -> None:
    """Raise `LawBroken` unless outputs, final states and every gradient of two runs agree."""
    same(actual.y, expected.y, f"{what}: output", tolerance)
    same(actual.state, expected.state, f"{what}: final state", tolerance)
    for name, gradient in expected.gradients.items():
        same(actual.gradients[name], gradient, f"{what}: gradient of {name}", tolerance)
