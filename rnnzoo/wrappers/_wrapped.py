"""The base of all wrappers: a cell around a cell, which runs over a sequence as the inner one or step by step."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from rnnzoo.contracts import GateValues, State
from rnnzoo.layers._checks import check_call, check_state, check_step
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._gates import layer_name, no_gates
from rnnzoo.ops.gated import gated_step
from rnnzoo.ops.ragged import mask, where_rows, zero_padding

Stepper = Callable[[int, State], tuple[Tensor, State]]
"""Step t of a sequence that is known: (t, state before it) to (y (B, O), state after it)."""


class WrapperError(ValueError):
    """A wrapper was put around a cell that cannot bear it."""


class WrappedCell(nn.Module):
    """A cell around ``cell``. A subclass gives `stepper`; one that can run the whole sequence at once also `forward`.

    Its ``state_dict`` has the inner cell's parameters under the inner cell's own names.
    """

    name: ClassVar[str]
    """What it is called in ``wrappers=`` and in messages."""
    adds: tuple[str, ...] = ()
    """Names of the members that it adds to the inner cell's state, at its end: steps that were before."""
    loops: bool = False
    """Whether it goes step by step in evaluation too, where no backend of the inner cell's but the loop can run."""
    input_size: int
    output_size: int

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.cell = cell
        self.input_size, self.output_size = cell.input_size, cell.output_size
        self._looped = False
        self._register_state_dict_hook(_own_names)
        self.register_load_state_dict_pre_hook(_inner_names)

    @property
    def hidden_size(self) -> int:
        """H of the inner cell."""
        return int(self.cell.hidden_size)

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of each member of the state, without the batch."""
        return self.cell.state_shapes

    @property
    def backend(self) -> str | None:
        """What the caller forced; the inner cell's."""
        return self.cell.backend

    @backend.setter
    def backend(self, backend: str | None) -> None:
        self.cell.backend = backend

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that can run it in evaluation."""
        return ("reference",) if self.loops else getattr(self.cell, "backends", ("reference",))

    @property
    def last_backend(self) -> str | None:
        """Which one ran last."""
        return "reference" if self._looped else self.cell.last_backend

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """The inner cell's."""
        return self.cell.initial_state(batch_size, device=device, dtype=dtype)

    def seen(self, x: Tensor, state: State | None, lengths: Tensor | None) -> tuple[Tensor, State | None]:
        """What the inner cell gets of x (B, T, I) and a state."""
        return x, state

    def __call__(self, x: Tensor, state: Any = None, lengths: Any = None, **handed: Tensor) -> tuple[Tensor, State]:
        """`forward`; what a stack's first layer hands to those above is for the innermost cell."""
        with handing(innermost(self), handed):
            return super().__call__(x, state, lengths)

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """Steps over x (B, T, I), with one draw of what is random for a whole sequence; no padding in x.

        ``state`` is the one before the first step, for what a whole sequence needs of it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no stepper.")

    def step(self, x: Tensor, state: State, **handed: Tensor) -> tuple[Tensor, State]:
        """One time step: x (B, I) and a state to y (B, O) and the next state; a sequence of its own for what is drawn.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        weight = any_tensor(self)
        check_step(x, self.input_size, weight)
        check_state(state, self.state_shapes, x.shape[0], weight)
        state = tuple(state)
        with handing(innermost(self), {name: value.unsqueeze(1) for name, value in handed.items()}):
            return self.stepper(x.unsqueeze(1), state)(0, state)

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """All steps: x (B, T, I) to y (B, T, O), zero beyond a row's length, and each row's final state.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
        """
        state = check_call(self, x, state, lengths, any_tensor(self))
        return self._loop(x, state, lengths)

    def _inner(self, x: Tensor, state: State | None, lengths: Tensor | None) -> tuple[Tensor, State]:
        """The inner cell over the whole sequence, by whatever backend it chooses."""
        self._looped = False
        return self.cell(x, state, lengths, **self.cell.__dict__.get(HANDED, {}))

    def _loop(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Step by step; a row that has ended keeps its state and puts out zeros."""
        self._looped = True
        alive = None if lengths is None else mask(lengths.to(x.device), x.shape[1])  # (B, T)
        step = self.stepper(x if lengths is None else zero_padding(x, lengths), state)
        outputs = []
        for t in range(x.shape[1]):
            y, after = step(t, state)
            if alive is not None:
                y = where_rows(alive[:, t], y, torch.zeros_like(y))
                after = tuple(where_rows(alive[:, t], new, old) for new, old in zip(after, state, strict=True))
            state = after
            outputs.append(y)
        return torch.stack(outputs, 1), state  # (B, T, O)

    def gate_values(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None, **handed: Tensor
    ) -> GateValues:
        """The inner cell's over the same input, where this wrapper leaves them as they are.

        Raises:
            NoGates: it does not, or the inner cell has none.
        """
        find = getattr(self.cell, "gate_values", None)
        if find is None or self.loops:
            raise no_gates(f"{self.name} around {layer_name(innermost(self))}" if self.loops else layer_name(self.cell))
        x = x if lengths is None else zero_padding(x, lengths)
        x, state = self.seen(x, self.initial_state(x.shape[0]) if state is None else state, lengths)
        return find(x, state, lengths, **handed)

    def refuse(self, why: str) -> WrapperError:
        """The error for a cell that cannot bear this wrapper."""
        return WrapperError(f"wrapper '{self.name}' around layer '{layer_name(innermost(self.cell))}': {why}")


def any_tensor(cell: nn.Module) -> Tensor:
    """A parameter, for dtype and device; of a cell that has none, a buffer."""
    found = next(itertools.chain(cell.parameters(), cell.buffers()), None)
    return torch.empty(0) if found is None else found


def shells(cell: Any) -> Iterator[Any]:
    """The cell itself, then what it is wrapped around, inwards."""
    while cell is not None:
        yield cell
        cell = cell._modules.get("cell") if isinstance(cell, WrappedCell) else None


def innermost(cell: Any) -> Any:
    """The cell without its wrappers."""
    return list(shells(cell))[-1]


def stepper(cell: Any, x: Tensor, state: State) -> Stepper:
    """Steps of any cell over x (B, T, I); a gated cell's input product is taken for all of them at once."""
    if isinstance(cell, WrappedCell):
        return cell.stepper(x, state)
    if not steps_by_stages(cell):
        handed = cell.__dict__.get(HANDED, {})
        return lambda t, state: cell.step(x[:, t], state, **{name: value[:, t] for name, value in handed.items()})
    hoisted, vectors, (weights, biases) = cell.hoist(x), cell.vector_weights(), cell.recurrent_weights()

    def step(t: int, state: State) -> tuple[Tensor, State]:
        return gated_step(
            cell.stages, hoisted[:, t], state, weights, biases, vectors, states=cell.states, output=cell.output
        )

    return step


HANDED = "_handed"
"""Where a cell that is wrapped finds, during a call, what the stack's first layer hands on, (B, T, ...) by keyword."""


@contextlib.contextmanager
def handing(cell: nn.Module, handed: Mapping[str, Tensor]) -> Iterator[None]:
    """Let a cell's wrappers find what it is to be called with besides."""
    if handed:
        cell.__dict__[HANDED] = handed
    try:
        yield
    finally:
        if handed:
            del cell.__dict__[HANDED]


def steps_by_stages(cell: Any) -> bool:
    """Whether a step of the cell is the stages that it declares and nothing else."""
    return (
        isinstance(cell, GatedCell)
        and type(cell).step is GatedCell.step
        and (type(cell).hoist_sequence is GatedCell.hoist_sequence)
    )


def _own_names(module: nn.Module, state: dict[str, Any], prefix: str, _: Any) -> None:
    """Name the inner cell's tensors as the inner cell alone would, in place and in their order."""
    inner = f"{prefix}cell."
    for key in [key for key in state if key.startswith(prefix)]:
        tensor = state.pop(key)
        state[prefix + key[len(inner) :] if key.startswith(inner) else key] = tensor


def _inner_names(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Undo `_own_names`, in place: what the wrapper itself does not have belongs to the inner cell."""
    own = {*module._parameters, *module._buffers, *module._modules}
    for key in [key for key in state if key.startswith(prefix)]:
        rest = key[len(prefix) :]
        if rest.partition(".")[0] not in own:
            state[f"{prefix}cell.{rest}"] = state.pop(key)
