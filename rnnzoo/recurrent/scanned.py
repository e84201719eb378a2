"""Cells whose loop over time is one operator, so that an exported graph takes any number of rows and of steps.

``torch.export`` writes a Python loop out, step by step, for the number of steps it was shown. Here the loop is torch's
scan operator (which becomes ONNX's ``Scan``) around one step: the cell's own ``step``, with every weight handed in as
the operator wants it, or, of a `GatedCell`, the stages after an input product that was taken for all steps at once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from rnnzoo.contracts import State
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import gated_step
from rnnzoo.ops.ragged import mask
from rnnzoo.recurrent.cell_stack import CellStack

Module = TypeVar("Module", bound=nn.Module)
Step = Callable[[Any, Tensor, State], tuple[Tensor, State]]
"""One step of the loop: the weights, the input of the step (B, ...) and the state, to y (B, O) and the state after."""


class ScannedCell(nn.Module):
    """The cell given, with a ``forward`` of the same values whose graph holds for every batch and time.

    Args:
        cell: a cell; it is not copied.
    """

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell
        self.input_size, self.output_size = cell.input_size, cell.output_size
        self.state_shapes: tuple[tuple[int, ...], ...] = cell.state_shapes
        self.backend: str | None = None
        self.last_backend: str | None = None

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """The cell's."""
        return self.cell.initial_state(batch_size, device=device, dtype=dtype)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """The cell's."""
        return self.cell.step(x, state)

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """y (B, T, O) and the final state, of x (B, T, I); arguments and results are those of the cell's ``forward``.

        The arguments are not checked: this is for tracing.
        """
        state = self.initial_state(x.shape[0]) if state is None else state
        step, weights, sequence = self._stages(x, lengths) if self._is_staged() else self._steps(x)
        leaves, form = pytree.tree_flatten(weights)
        members = len(state)
        inputs = [sequence.transpose(0, 1)]  # (T, B, ...)
        if lengths is not None:
            inputs.append(mask(lengths, x.shape[1]).transpose(0, 1))  # (T, B)

        def body(*given: Tensor) -> list[Tensor]:
            before, now = given[:members], given[members : members + len(inputs)]
            left = iter(given[members + len(inputs) :])
            filled = pytree.tree_unflatten([None if leaf is None else next(left) for leaf in leaves], form)
            y, after = step(filled, now[0], before)
            if lengths is None:
                return [*(member.clone() for member in after), y.clone()]  # the operator wants no views of one another
            ends = [_where(now[1], new, old) for new, old in zip(after, before, strict=True)]
            return [*ends, _where(now[1], y, torch.zeros_like(y))]

        start = [member.clone() for member in state]  # of a stack these are views of one tensor
        tensors = tuple(leaf.clone() for leaf in leaves if leaf is not None)  # and these may be blocks of one
        *final, y = torch.ops.higher_order.scan(body, start, inputs, tensors)
        return y.transpose(0, 1), tuple(final)

    def _is_staged(self) -> bool:
        return isinstance(self.cell, GatedCell) and type(self.cell).step is GatedCell.step

    def _stages(self, x: Tensor, lengths: Tensor | None) -> tuple[Step, Any, Tensor]:
        """The stages of a gated cell; what is computed of weights alone is computed before the loop."""
        cell = self.cell

        def step(weights: Any, x: Tensor, state: State) -> tuple[Tensor, State]:
            return gated_step(cell.stages, x, state, *weights, states=cell.states, output=cell.output)

        weights = (*cell.recurrent_weights(), cell.vector_weights())
        return step, weights, cell.hoist_sequence(x, lengths)  # (B, T, W)

    def _steps(self, x: Tensor) -> tuple[Step, Any, Tensor]:
        """The cell's own ``step``."""
        one = _OneStep(self.cell)

        def step(weights: Any, x: Tensor, state: State) -> tuple[Tensor, State]:
            return torch.func.functional_call(one, weights, (x, state))

        return step, dict(one.named_parameters()) | dict(one.named_buffers()), x


class _OneStep(nn.Module):
    """``step`` as a forward."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell: Any = cell

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        return self.cell.step(x, state)


def scanned(module: Module) -> Module:
    """A copy of ``module`` in which every cell of every stack is a `ScannedCell`; in eval mode, without gradients."""
    module = copy.deepcopy(module).eval().requires_grad_(False)
    for stack in module.modules():
        if isinstance(stack, CellStack):
            stack.backend = None
            stack._mode = None  # torch's own kernels know nothing of lengths that are unknown
            stack.cells = nn.ModuleList(ScannedCell(cell) for cell in stack._cells())
    return module


def _where(alive: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """``new`` in the rows (B,) that are alive, else ``old``; both (B, ...)."""
    for _ in range(new.dim() - 1):
        alive = alive.unsqueeze(-1)
    return torch.where(alive, new, old)
