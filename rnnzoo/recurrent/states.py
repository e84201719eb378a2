"""The states of a stack of cells in torch's shapes, and how they are told to the cells and gathered from them.

Where all cells have states of the same shapes, a state is one tensor a member, (num_layers * directions, B, *shape):
that tensor for one-member states, a tuple for more. Where the shapes differ from layer to layer it is one tuple a cell,
layer by layer, forward before reverse, of tensors (B, *shape). Without a batch there is no B.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.recurrent.checks import InputError, check_like


class StateLayout:
    """The shapes of the members of each cell's state, without the batch, and whether all cells have the same."""

    def __init__(self, shapes: Sequence[Sequence[Sequence[int]]]) -> None:
        self.shapes = [[tuple(shape) for shape in members] for members in shapes]  # cells x members
        self.uniform = all(members == self.shapes[0] for members in self.shapes)

    def zeros(self, batch: int, like: Tensor) -> State:
        """A stacked state of zeros, (cells, batch, *shape) a member."""
        cells, dtype, device = len(self.shapes), like.dtype, like.device
        return tuple([torch.zeros(cells, batch, *shape, dtype=dtype, device=device) for shape in self.shapes[0]])

    def enter(self, hx: Any, batch: int | None, weight: Tensor | None) -> Any:
        """Check ``hx`` and give it the stack's own form: a tuple of members (cells, B, *shape), or a tuple of cells'.

        Args:
            hx: what the caller gave.
            batch: B; None where the input came without a batch.
            weight: dtype and device to have; None where the cells have no parameters.

        Raises:
            TypeError: not a tensor, or a tuple of them.
            InputError: wrong number of members, or one of a wrong shape, dtype or device.
        """
        lead = () if batch is None else (batch,)
        if self.uniform:
            expected = [(len(self.shapes), *lead, *shape) for shape in self.shapes[0]]
            members = _members("hx", hx, expected, weight)
            return members if batch is not None else tuple(member.unsqueeze(1) for member in members)
        if not isinstance(hx, (tuple, list)) or len(hx) != len(self.shapes):
            given = f"{len(hx)} members" if isinstance(hx, (tuple, list)) else f"a {type(hx).__name__}"
            raise InputError(
                f"hx is {given}; expected {len(self.shapes)} tuples, one for each layer and direction, because the "
                "layers' states differ in shape."
            )
        states = [
            _members(f"hx[{cell}]", hx[cell], [(*lead, *shape) for shape in shapes], weight, one_is_tensor=False)
            for cell, shapes in enumerate(self.shapes)
        ]
        return tuple(states) if batch is not None else _each(states, lambda member: member.unsqueeze(0))

    def split(self, state: Any) -> Sequence[State]:
        """The state of each cell, batch first, from the stack's own form."""
        if not self.uniform:
            return state
        return list(zip(*(member.unbind(0) for member in state), strict=True))

    def join(self, states: Sequence[State]) -> Any:
        """The opposite of ``split``."""
        if not self.uniform:
            return tuple(states)
        if len(states) == 1:
            return tuple([member.unsqueeze(0) for member in states[0]])
        return tuple(torch.stack(member) for member in zip(*states, strict=True))  # (cells, B, *shape)

    def permute(self, state: Any, rows: Tensor | None) -> Any:
        """The state with its batch in another order; None leaves the order."""
        if rows is None:
            return state
        if self.uniform:
            return tuple(member.index_select(1, rows) for member in state)
        return _each(state, lambda member: member.index_select(0, rows))

    def leave(self, state: Any, *, batched: bool) -> Any:
        """The caller's form: one tensor where all states have one member; no batch where the input had none."""
        if not self.uniform:
            return state if batched else _each(state, lambda member: member.squeeze(0))
        if not batched:
            state = tuple(member.squeeze(1) for member in state)
        return state[0] if len(state) == 1 else state


def _each(states: Sequence[State], change: Callable[[Tensor], Tensor]) -> tuple[State, ...]:
    """Every member of every cell's state, changed."""
    return tuple(tuple(change(member) for member in state) for state in states)


def _members(
    name: str, given: Any, expected: list[tuple[int, ...]], weight: Tensor | None, *, one_is_tensor: bool = True
) -> State:
    """``given`` as a tuple of tensors of exactly the expected shapes."""
    one = one_is_tensor and len(expected) == 1
    members = (given,) if isinstance(given, Tensor) else given
    wanted = f"a tensor of shape {expected[0]}" if one else f"a tuple of {len(expected)} tensors of shapes {expected}"
    if not isinstance(members, (tuple, list)) or not all(isinstance(member, Tensor) for member in members):
        raise TypeError(f"{name} is a {type(given).__name__}; expected {wanted}.")
    if len(members) != len(expected) or (isinstance(given, Tensor) and not one):
        is_tensor = isinstance(given, Tensor)
        count = f"one tensor of shape {tuple(given.shape)}" if is_tensor else f"{len(members)} tensors"
        raise InputError(f"{name} is {count}; expected {wanted}.")
    for i, (member, shape) in enumerate(zip(members, expected, strict=True)):
        label = name if one else f"{name}[{i}]"
        if member.shape != shape:
            raise InputError(f"{label} has shape {tuple(member.shape)}; expected {shape}.")
        if weight is not None and member.is_floating_point():
            check_like(label, member, weight)
    return tuple(members)
