"""A learned initial state: the state before the first step is a parameter, the same for every row.

s_0 = v      v (its shape,) for each member of the state, of each layer and direction; it begins as the cell's own s_0

It is used where the caller gives no state. Whole numbers (clocks) begin as the cell says.

Source: Forcada, Carrasco, "Learning the Initial State of a Second-Order Recurrent Neural Network during
Regular-Language Inference", Neural Computation 7(5), 1995.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import State
from rnnzoo.layers._checks import check_call
from rnnzoo.wrappers._members import bound_members, member_names
from rnnzoo.wrappers._wrapped import Stepper, WrappedCell, any_tensor, stepper


class LearnedState(WrappedCell):
    """A learned initial state around a cell; its parameters are ``initial_h``, ``initial_c``, ... by member.

    Args:
        cell: what it is around.

    Raises:
        WrapperError: no member of the state can be learned on its own.
    """

    name = "learned_state"

    def __init__(self, cell: Any) -> None:
        super().__init__(cell)
        bound, self.learned = bound_members(cell), []
        with torch.no_grad():
            members = cell.initial_state(1)
        for name, member in zip(member_names(cell), members, strict=True):
            if name not in bound:
                self.register_parameter(f"initial_{name}", nn.Parameter(member[0].clone()))
                self.learned.append(f"initial_{name}")
            else:
                self.learned.append("")
        if not any(self.learned):
            reasons = "; ".join(f"'{name}': {why}" for name, why in bound.items())
            raise self.refuse(f"no member of its state can begin on its own ({reasons}).")

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """The learned members, (B, *shape) each, of which gradients come back; the others as the cell's."""
        given = self.cell.initial_state(batch_size, device=device, dtype=dtype)
        return tuple(
            getattr(self, name).to(member).expand_as(member) if name else member
            for name, member in zip(self.learned, given, strict=True)
        )

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The inner cell's, from the learned state where none is given."""
        return self._inner(x, check_call(self, x, state, lengths, any_tensor(self)), lengths)

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """The inner cell's."""
        return stepper(self.cell, x, state)
