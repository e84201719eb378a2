"""Recurrent dropout without memory loss: what is new in a step is dropped, what is remembered is not.

LSTM              c_t = f * c_{t-1} + i * d(g)                h_t = o * tanh(c_t)
GRU               h_t = z * h_{t-1} + (1 - z) * d(n)
scan cells        h_t = a_t * h_{t-1} + d(b_t)                b_t is the candidate behind its gate
every other cell  s_t = s_{t-1} + d(s~_t - s_{t-1})           for each member of its state; s~_t is what the cell gives

d zeroes each number with probability p in training and multiplies the others by 1 / (1 - p); in evaluation the cell is
left as it is. The first three drop the candidate (``acts_on`` is "candidate"), as the paper; the last, for cells of
which it is not known here how the candidate enters, drops the update (``acts_on`` is "update").

Source: Semeniuta, Severyn, Barth, "Recurrent Dropout without Memory Loss", 2016, arXiv 1603.05118, equations 9 to 14.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnzoo.contracts import State
from rnnzoo.layers._checks import check_call
from rnnzoo.layers.gru import GRU
from rnnzoo.layers.lstm import LSTM
from rnnzoo.wrappers._members import bound_members, check_share, member_names, shares
from rnnzoo.wrappers._scan_form import draw_shape, has_coefficients, run_scan
from rnnzoo.wrappers._wrapped import Stepper, WrappedCell, any_tensor, stepper


class RecurrentDropout(WrappedCell):
    """Recurrent dropout without memory loss around a cell. It goes step by step in training, but for scan cells.

    Args:
        cell: what it is around, itself without a wrapper: it acts inside.
        p: the share that is dropped.
        locked: one draw for all steps of a sequence, where there else is another at every step; the paper has both.

    Raises:
        ValueError: ``p`` is no share from 0 to below 1.
        WrapperError: all members of the state are bound, or there is another wrapper inside.
    """

    name = "recurrent_dropout"

    def __init__(self, cell: Any, p: float = 0.25, locked: bool = False) -> None:
        super().__init__(cell)
        if isinstance(cell, WrappedCell):
            raise self.refuse(f"it acts inside the cell, and so it is to be named before '{cell.name}'.")
        check_share("p", p)
        free = shares(self, cell, p, below=True)
        if has_coefficients(cell) and len(free) < len(cell.states):
            bound = bound_members(cell)
            raise self.refuse(
                "; ".join(f"'{name}' cannot be changed on its own: {bound[name]}" for name in bound) + "."
            )
        self.p, self.locked = float(p), locked
        self.members = [name in free for name in member_names(cell)]
        self.scans = has_coefficients(cell)
        self.named = (type(cell) is LSTM and not cell.proj_size) or type(cell) is GRU
        self.acts_on = "candidate" if self.scans or self.named else "update"

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """As every cell's; in evaluation the inner one's."""
        if not self.training or not self.p:
            return self._inner(x, state, lengths)
        if not self.scans:
            return super().forward(x, state, lengths)
        state = check_call(self, x, state, lengths, any_tensor(self))
        self._looped = True
        return run_scan(self.cell, x, state, lengths, self._coefficients, "torch")

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """The inner cell's steps, with what they add dropped in training."""
        if not self.training or not self.p:
            return stepper(self.cell, x, state)
        if self.scans:
            return self._scan_steps(x)
        draws: dict[int, Tensor] = {}

        def draw(i: int, like: Tensor) -> Tensor:
            if not self.locked or i not in draws:
                draws[i] = F.dropout(torch.ones_like(like), self.p)
            return draws[i]

        if self.named:
            return lambda t, state: self._named_step(x[:, t : t + 1], state, draw)
        inner = stepper(self.cell, x, state)

        def step(t: int, state: State) -> tuple[Tensor, State]:
            y, new = inner(t, state)
            after = tuple(
                old + draw(i, s) * (s - old) if self.members[i] else s
                for i, (s, old) in enumerate(zip(new, state, strict=True))
            )
            for member, dropped in zip(new, after, strict=True):
                if member is y:
                    y = dropped
            return y, after

        return step

    def _named_step(self, x: Tensor, state: State, draw: Any) -> tuple[Tensor, State]:
        """A step of an LSTM or a GRU, of the values of its gates."""
        values = self.cell.gate_values(x, state).gates
        gates = {name: value.squeeze(1) for name, value in values.items()}  # (B, H) each
        new = gates["candidate"]
        new = draw(0, new) * new
        if type(self.cell) is GRU:
            h = gates["update"] * state[0] + (1 - gates["update"]) * new
            return h, (h,)
        c = gates["forget"] * state[1] + gates["input"] * new
        h = gates["output"] * torch.tanh(c)
        return h, (h, c)

    def _scan_steps(self, x: Tensor) -> Stepper:
        def step(t: int, state: State) -> tuple[Tensor, State]:
            y, after = run_scan(self.cell, x[:, t : t + 1], state, None, self._coefficients, "reference")
            return y.squeeze(1), after

        return step

    def _coefficients(self, i: int, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        shape = draw_shape(self.cell, b)
        shape = (shape[0], 1, *shape[2:]) if self.locked else shape
        return a, b * F.dropout(b.new_ones(shape), self.p)

    def extra_repr(self) -> str:
        """The share, and what is dropped."""
        return f"p={self.p}, acts_on='{self.acts_on}'" + (", locked=True" if self.locked else "")
