"""The base of gated cells that also carry something which no recurrence moves: a clock, the last value seen.

Such a cell is a `GatedCell` whose input blocks depend on what it carries, and on x, but not on its states: they are
worked out for all steps before the loop, which then runs as fast as any gated cell's. Its file declares stages as
``_gated.py`` says, and besides

    carried = {"t": ()}                                   # names and shapes, behind the states the stages move
    clocks = ("t",)                                       # those of them that count in whole numbers

    def carry(self, x, carried, lengths):                 # x (B, T, I), zero in the padding
        (t,) = carried                                    # (B,) int64, before the first step
        steps, after = clock_steps(t, x, lengths)         # (B, T), (B,)
        return blocks, (after,)                           # the stages' input blocks (B, T, W), in their order
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import GateValues, State
from rnnzoo.layers._checks import check_call, check_clocks, check_state, check_step
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._gates import gate_report
from rnnzoo.ops.gated import gated, gated_step
from rnnzoo.ops.gated_values import gated_values
from rnnzoo.ops.ragged import zero_padding


class CarryingCell(GatedCell):
    """One layer of a gated recurrence whose state has members behind those that its stages move.

    Args:
        input_size, hidden_size, bias, recurrent_bias, device, dtype: as `GatedCell`.

    Raises:
        ValueError: a size below 1.
    """

    carried: Mapping[str, tuple[int, ...]] = MappingProxyType({})
    """Names and shapes of the members behind ``states``."""
    clocks: tuple[str, ...] = ()
    """Those of them that are whole numbers, int64."""
    carry: Callable[[Tensor, State, Tensor | None], tuple[Tensor, State]]
    """The input blocks (B, T, W) of x (B, T, I), of what is carried and of lengths (B,), and what is carried after."""

    def __init__(self, input_size: int, hidden_size: int, **common: Any) -> None:
        super().__init__(input_size, hidden_size, **common)
        self.state_shapes = (*self.state_shapes, *self.carried.values())

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """Zeros (B, *shape), on the parameters' device and of their dtype unless told otherwise; clocks are int64."""
        like = self.weight_ih.new_zeros(0, device=device, dtype=dtype)
        return tuple(
            like.new_zeros(batch_size, *shape, dtype=torch.int64 if name in self.clocks else None)
            for name, shape in zip((*self.states, *self.carried), self.state_shapes, strict=True)
        )

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: x (B, I) and the state before it to y (B, O) and the state after it.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        check_step(x, self.input_size, self.weight_ih)
        check_state(state, self.state_shapes, x.shape[0], self.weight_ih)
        start, carried = self._split(state)
        blocks, after = self.carry(x.unsqueeze(1), carried, None)
        y, final = gated_step(
            self.stages, blocks[:, 0], start, *self.recurrent_weights(), self.vector_weights(), states=self.states,
            output=self.output,
        )  # fmt: skip
        return y, (*final, *after)

    def gate_values(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> GateValues:
        """Gates and states of every step, of the arguments of `forward`; what is carried is not among them.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            NoGates: the stages declare none.
        """
        start, carried = self._split(check_call(self, x, state, lengths))
        blocks, _ = self.carry(x if lengths is None else zero_padding(x, lengths), carried, lengths)
        given = (*self.recurrent_weights(), self.vector_weights())
        found = gated_values(self.stages, blocks, start, *given, states=self.states, lengths=lengths)
        return gate_report(self, *found)

    def _split(self, state: State) -> tuple[State, State]:
        """What the stages move, and what is carried."""
        check_clocks(state, (*self.states, *self.carried), self.clocks)
        return tuple(state[: len(self.states)]), tuple(state[len(self.states) :])

    def _backend(self, x: Tensor, state: State, lengths: Tensor | None) -> str:
        return super()._backend(x, state[: len(self.states)], lengths)  # the loop sees no clock

    def _gated(self, x: Tensor, state: State, lengths: Tensor | None, backend: str) -> tuple[Tensor, State]:
        start, carried = self._split(state)
        blocks, after = self.carry(x if lengths is None else zero_padding(x, lengths), carried, lengths)
        y, final = gated(
            self.stages, blocks, start, *self.recurrent_weights(), self.vector_weights(), states=self.states,
            output=self.output, lengths=lengths, backend=backend, key=self._key(backend, x),
        )  # fmt: skip
        return y, (*final, *after)


def clock_steps(clock: Tensor, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
    """What a clock (B,) says at each step of x (B, T, I), (B, T), and behind each row's own last step, (B,)."""
    steps = clock.unsqueeze(1) + torch.arange(x.shape[1], device=x.device)
    return steps, clock + (x.shape[1] if lengths is None else lengths.to(clock.device))
