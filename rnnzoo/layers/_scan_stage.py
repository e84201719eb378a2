"""A scan cell as one stage of a gated recurrence, so that native code takes it from the products to the output at once.

That needs a cell whose `activate`, `coefficients` and `readout` work on each channel by itself: they are traced into
scalar arithmetic, and neither gates nor coefficients are ever written out; the backward loop computes them again.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.ops._c_scan import transformed
from rnnzoo.ops._pointwise import trace
from rnnzoo.ops.gated import Stage, Structure, choose_backend, gated
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.ops.window import causal_convolution, extend

if TYPE_CHECKING:
    from rnnzoo.layers._scan import ScanCell

_FOUND: WeakKeyDictionary[torch.nn.Module, tuple[dict[str, Any], Structure | None]] = WeakKeyDictionary()
"""Of each cell the options that it was traced with, and what was found."""
AS_THE_BASE = ("hoist", "gates", "project", "split", "recurrence")
OWN = ("activate", "coefficients", "readout")


def scan_stage(cell: ScanCell, x: Tensor, state: State) -> Structure | None:
    """The cell as a gated recurrence that native code can run here; ``None`` where it is none or that cannot.

    Args:
        cell: it.
        x: its input, for device and dtype.
        state: its initial state.
    """
    if cell.activate is None or transformed():
        return None
    options = {name: value for name, value in vars(cell).items() if type(value) in (str, int, float, bool)}
    options = {name: value for name, value in options.items() if name not in ("training", "backend", "last_backend")}
    if cell not in _FOUND or _FOUND[cell][0] != options:
        _FOUND[cell] = options, _structure(cell)
    found = None if any(name in vars(cell) for name in (*AS_THE_BASE, *OWN)) else _FOUND[cell][1]
    if found is None or choose_backend(None, found, x, state, type(cell).__name__) != "c":
        return None
    return found


def run_stage(
    cell: ScanCell, structure: Structure, x: Tensor, state: State, lengths: Tensor | None
) -> tuple[Tensor, State]:
    """What the cell's `forward` gives, by one native loop from the products to the output."""
    tail: State = ()
    weight, bias = (cell.weight_ih, cell.input_bias()) if not cell.convolution else (None, None)
    if cell.convolution:
        if lengths is not None:
            x = zero_padding(x, lengths)
        seen, *tail_after = extend(x, state[-1], lengths) if cell.window > 1 else (x,)
        x, tail = causal_convolution(seen, cell.weight_ih, cell.input_bias()), tuple(tail_after)  # (B, T, blocks H)
    y, final = gated(
        structure.stages, x, state[: len(cell.states)], [None], lengths=lengths, backend="c", input_weight=weight,
        input_bias=bias, states=structure.states, output=structure.output,
    )  # fmt: skip
    return y, (*final, *tail)


def _structure(cell: ScanCell) -> Structure | None:
    from rnnzoo.layers._scan import ScanCell

    kind, own = type(cell), (cell.hidden_size,)
    if any(getattr(kind, name) is not getattr(ScanCell, name) for name in AS_THE_BASE):
        return None
    if any(shape != own for shape in cell.state_shapes[: len(cell.states)]) or cell.output_size != cell.hidden_size:
        return None
    if cell.window > 1 and not cell.convolution:
        return None
    try:
        update = Update(cell)
    except Exception:  # whatever it does that is no scalar arithmetic; the scan itself runs it, or says what is wrong
        return None
    writes = (*cell.states, "y") if update.reads_out else cell.states
    stage = Stage(None, cell.blocks, 0, update, cell.states, writes)
    return Structure((stage,), cell.states, (), "y" if update.reads_out else cell.states[0], cell.blocks * own[0])


class Update:
    """The update of the stage, equal to that of every cell with the same arithmetic.

    Args:
        cell: a scan cell. It is kept without its parameters, so that an update which reads one cannot be made.

    Raises:
        Exception: what the cell's functions raise when they are given scalars for tensors.
    """

    def __init__(self, cell: ScanCell) -> None:
        from rnnzoo.layers._scan import ScanCell

        self.cell = copy.copy(cell)
        self.cell.__dict__.update(_parameters={}, _buffers={})
        self.reads_out = type(cell).readout is not ScanCell.readout
        self._check_channels()
        self.arithmetic = repr((cell.blocks, trace(self._of_blocks, [cell.blocks, *[None] * len(cell.states)])))

    def _check_channels(self) -> None:
        """Refuse what mixes channels, which scalars of one channel cannot show."""
        x, *states = (
            torch.linspace(-1, 1, n).view(-1, 3) for n in (3 * self.cell.blocks, *[3] * len(self.cell.states))
        )
        states = [state.flatten() for state in states]
        together = self._of_blocks(x, *states)
        for j in range(3):
            alone = self._of_blocks(x[:, j : j + 1], *(state[j : j + 1] for state in states))
            for one, all_channels in zip(alone, together, strict=True):
                torch.testing.assert_close(one, all_channels[j : j + 1])

    def _of_blocks(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        values = self.cell.activate(*x.unbind(-2))  # type: ignore[misc]
        found = self.cell.coefficients(*values)
        after = tuple(a * h + b for a, b, h in zip(found[::2], found[1::2], states, strict=True))
        return (*after, self.cell.readout(*after, *values)) if self.reads_out else after

    def __call__(self, x: Tensor, _: Any, *states: Tensor) -> tuple[Tensor, ...]:
        """The states (..., N) after a step, and the output if it is none of them, of products x (..., blocks, N)."""
        return self._of_blocks(x, *states)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Update) and other.arithmetic == self.arithmetic

    def __hash__(self) -> int:
        return hash(self.arithmetic)
