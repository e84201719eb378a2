"""Cells whose loop over time is one operator, so that an exported graph takes any number of rows and of steps.

``torch.export`` writes a Python loop out, step by step, for the number of steps it was shown. Here the loop is torch's
scan operator (which becomes ONNX's ``Scan``) around one step: the cell's own ``step``, with every weight handed in as
the operator wants it, or, of a `GatedCell`, the stages after an input product that was taken for all steps at once.
What a cell computes of its weights alone, such as an orthogonal matrix, is computed once and kept.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from rnnzoo.contracts import State
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._stepped import SteppedCell
from rnnzoo.ops.gated import gated_step
from rnnzoo.ops.ragged import mask, where_rows, zero_padding
from rnnzoo.recurrent.cell_stack import CellStack
from rnnzoo.wrappers import innermost, shells

Module = TypeVar("Module", bound=nn.Module)
OF_WEIGHTS = ("recurrent_weights", "vector_weights", "input_weight", "input_bias", "prepare")
"""The methods of cells that compute of weights alone."""
Step = Callable[..., tuple[Tensor, State]]
"""One step of the loop: the weights, the state and the inputs of the step (B, ...), to y (B, O) and the state after."""


class ScannedCell(nn.Module):
    """The cell given, with a ``forward`` of the same values whose graph holds for every batch and time.

    Args:
        cell: a cell; a copy is kept, in eval mode and without gradients.
    """

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = copy.deepcopy(cell).eval().requires_grad_(False)
        for module in self.cell.modules():
            if isinstance(module, (GatedCell, SteppedCell)):
                _freeze(module)
        self.input_size, self.output_size = cell.input_size, cell.output_size
        self.state_shapes: tuple[tuple[int, ...], ...] = cell.state_shapes
        self.backend: str | None = None
        self.last_backend: str | None = None
        if hasattr(innermost(cell), "first_value"):
            self.first_value = self._first_value

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """The cell's."""
        return self.cell.initial_state(batch_size, device=device, dtype=dtype)

    def _first_value(self, x: Tensor, state: State | None, lengths: Tensor | None) -> Tensor:
        """What the cell within its wrappers hands to the layers above, as a stack asks for it."""
        *around, inner = shells(self.cell)
        for shell in around:
            x, state = shell.seen(x if lengths is None else zero_padding(x, lengths), state, lengths)
        return inner.first_value(x, state, lengths)

    def step(self, x: Tensor, state: State, **handed: Tensor) -> tuple[Tensor, State]:
        """The cell's."""
        return self.cell.step(x, state, **handed)

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None, **handed: Tensor
    ) -> tuple[Tensor, State]:
        """y (B, T, O) and the final state, of x (B, T, I); arguments and results are those of the cell's ``forward``.

        The arguments are not checked: this is for tracing.
        """
        state = self.initial_state(x.shape[0]) if state is None else state
        step, weights, sequences = self._stages(x, lengths) if self._is_staged() else self._steps(x, handed)
        leaves, form = pytree.tree_flatten(weights)
        members, count = len(state), len(sequences)
        inputs = [sequence.transpose(0, 1) for sequence in sequences]  # (T, B, ...)
        if lengths is not None:
            inputs.append(mask(lengths, x.shape[1]).transpose(0, 1))  # (T, B)

        def body(*given: Tensor) -> list[Tensor]:
            before, now = given[:members], given[members : members + len(inputs)]
            left = iter(given[members + len(inputs) :])
            filled = pytree.tree_unflatten([next(left) if isinstance(leaf, Tensor) else leaf for leaf in leaves], form)
            y, after = step(filled, before, *now[:count])
            if lengths is None:
                return [_whole(member) for member in (*after, y)]
            pairs = zip((*after, y), (*before, torch.zeros_like(y)), strict=True)
            return [where_rows(now[-1], new, old).contiguous() for new, old in pairs]

        start = [
            member.clone(memory_format=torch.contiguous_format) for member in state
        ]  # of a stack these are views of one tensor
        tensors = tuple(leaf.clone() for leaf in leaves if isinstance(leaf, Tensor))  # and these may be blocks of one
        *final, y = torch.ops.higher_order.scan(body, start, inputs, tensors)
        return y.transpose(0, 1), tuple(final)

    def _is_staged(self) -> bool:
        return isinstance(self.cell, GatedCell) and type(self.cell).step is GatedCell.step

    def _stages(self, x: Tensor, lengths: Tensor | None) -> tuple[Step, Any, list[Tensor]]:
        """The stages of a gated cell."""
        cell = self.cell

        def step(weights: Any, state: State, x: Tensor) -> tuple[Tensor, State]:
            return gated_step(cell.stages, x, state, *weights, states=cell.states, output=cell.output)

        weights = (*cell.recurrent_weights(), cell.vector_weights())
        return step, weights, [cell.hoist_sequence(x, lengths)]  # (B, T, W)

    def _steps(self, x: Tensor, handed: dict[str, Tensor]) -> tuple[Step, Any, list[Tensor]]:
        """The cell's own ``step``."""
        one = _OneStep(self.cell)

        def step(weights: Any, state: State, x: Tensor, *above: Tensor) -> tuple[Tensor, State]:
            return torch.func.functional_call(one, weights, (x, state), dict(zip(handed, above, strict=True)))

        return step, dict(one.named_parameters()) | dict(one.named_buffers()), [x, *handed.values()]


class _OneStep(nn.Module):
    """``step`` as a forward."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell: Any = cell

    def forward(self, x: Tensor, state: State, **handed: Tensor) -> tuple[Tensor, State]:
        return self.cell.step(x, state, **handed)


def scanned(module: Module) -> Module:
    """A copy of ``module`` in which every cell of every stack is a `ScannedCell`; in eval mode, without gradients."""
    module = copy.deepcopy(module).eval().requires_grad_(False)
    for stack in module.modules():
        if isinstance(stack, CellStack):
            stack.backend = None
            stack._mode = None  # torch's own kernels know nothing of lengths that are unknown
            stack.cells = nn.ModuleList(ScannedCell(cell) for cell in stack._cells())
    return module


@torch.no_grad()
def _freeze(module: nn.Module) -> None:
    """Let ``module`` compute what it computes of its weights alone no more, but find it in buffers of its own."""
    own = {parameter.untyped_storage().data_ptr() for parameter in module.parameters()}
    for name in OF_WEIGHTS:
        if not callable(getattr(module, name, None)):
            continue
        leaves, form = pytree.tree_flatten(getattr(module, name)())
        tensors = {i: leaf for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)}
        if all(tensor.untyped_storage().data_ptr() in own for tensor in tensors.values()):
            continue  # nothing but parameters, or parts of them
        for i, tensor in tensors.items():
            module.register_buffer(f"frozen_{name}_{i}", tensor.clone(), persistent=False)
        rest = {i: leaf for i, leaf in enumerate(leaves) if i not in tensors}
        setattr(module, name, partial(_frozen, module, name, rest, form))


def _frozen(module: nn.Module, name: str, rest: dict[int, Any], form: Any) -> Any:
    """What ``module.<name>()`` gave, from the buffers."""
    leaves = [rest[i] if i in rest else getattr(module, f"frozen_{name}_{i}") for i in range(form.num_leaves)]
    return pytree.tree_unflatten(leaves, form)


def _whole(tensor: Tensor) -> Tensor:
    """A tensor of its own in the usual order: the operator wants no views of one another, and compares strides."""
    return tensor.clone(memory_format=torch.contiguous_format)
