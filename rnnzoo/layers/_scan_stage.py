"""A scan cell as one stage of a gated recurrence, so that native code takes it from the products to the output at once.

That needs a cell whose `activate`, `coefficients` and `readout` work on each channel by itself: they are traced into
scalar arithmetic, and neither gates nor coefficients are ever written out; the backward loop computes them again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.ops._c_scan import transformed
from rnnzoo.ops._pointwise import trace
from rnnzoo.ops._scalars import Program
from rnnzoo.ops.backends import OWN as NATIVE
from rnnzoo.ops.backends import BackendError
from rnnzoo.ops.gated import Stage, Structure, choose_backend, gated
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.ops.window import causal_convolution, extend

if TYPE_CHECKING:
    from rnnzoo.layers._scan import ScanCell

_FOUND: WeakKeyDictionary[torch.nn.Module, tuple[dict[str, Any], Structure | None]] = WeakKeyDictionary()
"""Of each cell the options that it was traced with, and what was found."""
AS_THE_BASE = ("hoist", "gates", "split")
OWN = ("activate", "coefficients", "readout", "advance", "project", "recurrence", "outputs")


class ChannelWeight:
    """Makes of a cell's method an attribute: a weight (H,) made of parameters, which the equations may read."""

    def __init__(self, made: Callable[[Any], Tensor]) -> None:
        self.made, self.__doc__ = made, made.__doc__

    def __get__(self, cell: Any, kind: type) -> Any:
        return self if cell is None else self.made(cell)


def channel_weights(cell: ScanCell) -> dict[str, Tensor]:
    """By name what a cell has of weights (H,)."""
    of_kind = {name: value for base in reversed(type(cell).__mro__) for name, value in vars(base).items()}
    names = [name for name in cell.weights if getattr(cell, name).shape == (cell.hidden_size,)]
    names += [name for name, value in of_kind.items() if isinstance(value, ChannelWeight)]
    return {name: getattr(cell, name) for name in names}


def scan_stage(cell: ScanCell, x: Tensor, state: State, backend: str) -> Structure | None:
    """The cell as a gated recurrence that native code can run here; ``None`` where it is none or that cannot.

    Args:
        cell: it.
        x: its input, for device and dtype.
        state: its initial state.
        backend: which one runs; where it is no native code there is none.
    """
    if cell.activate is None or backend not in NATIVE or transformed():
        return None
    options = {name: value for name, value in vars(cell).items() if type(value) in (str, int, float, bool)}
    options = {name: value for name, value in options.items() if name not in ("training", "backend", "last_backend")}
    if cell not in _FOUND or _FOUND[cell][0] != options:
        _FOUND[cell] = options, _structure(cell)
    found = None if any(name in vars(cell) for name in (*AS_THE_BASE, *OWN)) else _FOUND[cell][1]
    try:
        return None if found is None else found if choose_backend(backend, found, x, state) == backend else None
    except BackendError:
        return None


def run_stage(
    cell: ScanCell, structure: Structure, x: Tensor, state: State, lengths: Tensor | None, backend: str
) -> tuple[Tensor, State]:
    """What the cell's `forward` gives, by one native loop from the products to what is read out."""
    tail: State = ()
    weight, bias = _one_product(cell, x.shape[0] * x.shape[1])
    if weight is None:
        if lengths is not None:
            x = zero_padding(x, lengths)
        if cell.window > 1:
            x, after = extend(x, state[-1], lengths)
            tail = (after,)
        if _has_products(cell):
            x = causal_convolution(x, cell.input_weight(), cell.input_bias())  # (B, T, blocks H)
        else:
            x = torch.cat(cell.project(x), -1)
    made = channel_weights(cell)
    vectors = {name: made[name] for name in structure.vectors}
    y, final = gated(
        structure.stages, x, state[: len(cell.states)], [None], None, vectors, lengths=lengths, backend=backend,
        states=structure.states, output=structure.output, input_weight=weight, input_bias=bias,
    )  # fmt: skip
    return cell.project_out(y), (*final, *tail)


def _one_product(cell: ScanCell, rows: int) -> tuple[Tensor | None, Tensor | None]:
    """Weight (blocks H, I) and bias of all that the loop gets of x; none where it takes more than one product."""
    if _has_products(cell):
        return (None, None) if cell.convolution else (cell.input_weight(), cell.input_bias())
    return (cell.one_product and cell.one_product(rows)) or (None, None)


def _has_products(cell: ScanCell) -> bool:
    """Whether its products are those of ``weight_ih``, and of no other making."""
    from rnnzoo.layers._scan import ScanCell

    return type(cell).project is ScanCell.project


def _structure(cell: ScanCell) -> Structure | None:
    from rnnzoo.layers._scan import ScanCell

    kind, own = type(cell), (cell.hidden_size,)
    if any(getattr(kind, name) is not getattr(ScanCell, name) for name in AS_THE_BASE):
        return None
    first = next(base for base in kind.__mro__ if vars(base).keys() & {"recurrence", "outputs", "advance"})
    if "advance" not in vars(first):
        return None  # a recurrence of its own of which nobody says what a step is
    if any(shape != own for shape in cell.state_shapes[: len(cell.states)]):
        return None
    if kind.project_out is ScanCell.project_out and cell.output_size != cell.hidden_size:
        return None
    if cell.window > 1 and not cell.convolution and _has_products(cell):
        return None
    try:
        update = Update(cell)
    except Exception:  # whatever it does that is no scalar arithmetic; the scan itself runs it, or says what is wrong
        return None
    writes = (*cell.states, "y") if update.reads_out else cell.states
    stage = Stage(None, update.blocks, 0, update, (*cell.states, *update.vectors), writes)
    output = "y" if update.reads_out else cell.states[0]
    return Structure((stage,), cell.states, update.vectors, output, update.blocks * own[0])


class Update:
    """The update of the stage, equal to that of every cell with the same arithmetic.

    Args:
        cell: a scan cell. It is kept without its parameters, so that an update which reads one cannot be made, but for
            weights (H,), which come as arguments.

    Raises:
        Exception: what the cell's functions raise when they are given scalars for tensors.
    """

    def __init__(self, cell: ScanCell) -> None:
        from rnnzoo.layers._scan import ScanCell

        self.blocks = cell.blocks if _has_products(cell) else _count_products(cell)
        self.states, self.vectors = len(cell.states), tuple(channel_weights(cell))
        self.cell = copy.copy(cell)
        self.cell.__dict__.update(_parameters={}, _buffers={})
        kind = type(cell)
        self.reads_out = kind.readout is not ScanCell.readout or kind.advance is not ScanCell.advance
        self.vectors = tuple(name for name, there in zip(self.vectors, self._used(), strict=True) if there)
        self._check_channels()
        self.arithmetic = repr((self.blocks, self.vectors, self._traced()))

    def _traced(self) -> tuple[Program, Program]:
        return trace(self._of_blocks, [self.blocks, *[None] * (self.states + len(self.vectors))])

    def _used(self) -> list[bool]:
        """Of each vector whether anything depends on it."""
        read = {scalar.arguments[0] for scalar in self._traced()[0].scalars if scalar.operation == "input"}
        return [1 + self.states + number in read for number in range(len(self.vectors))]

    def _check_channels(self) -> None:
        """Refuse what mixes channels, which scalars of one channel cannot show."""
        x, *others = (
            torch.linspace(-1, 1, n).view(-1, 3) for n in (3 * self.blocks, *[3] * (self.states + len(self.vectors)))
        )
        others = [other.flatten() for other in others]
        together = self._of_blocks(x, *others)
        for j in range(3):
            alone = self._of_blocks(x[:, j : j + 1], *(other[j : j + 1] for other in others))
            for one, all_channels in zip(alone, together, strict=True):
                torch.testing.assert_close(one, all_channels[j : j + 1], equal_nan=True)

    def _of_blocks(self, x: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
        cell = copy.copy(self.cell)
        cell.__dict__.update(zip(self.vectors, others[self.states :], strict=True))
        values = cell.activate(*x.unbind(-2))  # type: ignore[misc]
        after, y = cell.advance(others[: self.states], values)
        return (*after, y) if self.reads_out else tuple(after)

    def __call__(self, x: Tensor, _: Any, *others: Tensor) -> tuple[Tensor, ...]:
        """The states (..., N) after a step, and the output if it is none of them.

        Args:
            x: products (..., blocks, N).
            others: the states before the step (..., N), and the weights (N,).
        """
        return self._of_blocks(x, *others)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Update) and other.arithmetic == self.arithmetic

    def __hash__(self) -> int:
        return hash(self.arithmetic)


@torch.no_grad()
def _count_products(cell: ScanCell) -> int:
    """How many products `project` gives."""
    weight = next(cell.parameters())
    return len(cell.project(weight.new_zeros(1, cell.window, cell.input_size)))
