"""Scan cells with other coefficients: what is done to h_t = a_t * h_{t-1} + b_t that leaves it such a recurrence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.layers._scan import ScanCell
from rnnzoo.ops.scan import unsqueezed

Change = Callable[[int, Tensor, Tensor], tuple[Tensor, Tensor]]
"""a and b (B, T, ...) of the state of this number to those that take their place; a may have sizes of 1."""


def has_coefficients(cell: Any) -> bool:
    """Whether a cell is such a recurrence: a matrix cell is a scan cell in its parts, and has none."""
    return isinstance(cell, ScanCell) and hasattr(cell, "coefficients")


def run_scan(
    cell: Any, x: Tensor, state: State, lengths: Tensor | None, change: Change, backend: str | None
) -> tuple[Tensor, State]:
    """A scan cell over the whole sequence with its coefficients changed; arguments else as its ``forward``."""
    own = cell.coefficients

    def changed(*values: Any, **given: Any) -> tuple[Tensor, ...]:
        found = own(*values, **given)
        pairs = zip(found[::2], found[1::2], strict=True)
        return tuple(one for i, (a, b) in enumerate(pairs) for one in change(i, unsqueezed(a, b), b))

    hoisted, before, tail = cell._hoisted(x, state, lengths)
    cell.__dict__["coefficients"] = changed  # in place of the class's, for this call
    try:
        y, final = cell.outputs(hoisted, before, lengths, backend)
    finally:
        del cell.__dict__["coefficients"]
    return y, (*final, *tail)


def ones_of(cell: Any, a: Tensor) -> Tensor:
    """The 1 of this recurrence's coefficients: of pairs, real and imaginary part, it is (1, 0)."""
    return a.new_tensor([1.0, 0.0]) if _complex(cell) else a.new_ones(())


def draw_shape(cell: Any, b: Tensor) -> tuple[int, ...]:
    """The shape of one draw for every number of b; the two parts of a complex one have it in common."""
    return (*b.shape[:-1], 1) if _complex(cell) else tuple(b.shape)


def _complex(cell: Any) -> bool:
    """Whether its a and b are complex numbers, pairs (real part, imaginary part) in the last size."""
    return getattr(cell, "complex_pairs", False)
