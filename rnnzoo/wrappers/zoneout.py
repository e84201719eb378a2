"""Zoneout: each unit of a state keeps, now and then, the value it had.

h_t = m_t * h_{t-1} + (1 - m_t) * h~_t      h~_t what the cell gives; m_t is 1 with probability p, anew at every step
h_t = p h_{t-1} + (1 - p) h~_t              in evaluation: the mean over the draws

Each member of the state has draws and a probability of its own. What the cell puts out follows the member that it is
(an LSTM's h); other outputs are what the cell reads out of the state before zoneout. A scan cell stays a scan,
a_t <- m_t + (1 - m_t) a_t, b_t <- (1 - m_t) b_t, in parallel over time, and reads out of the state after zoneout.

Source: Krueger et al., "Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations", 2016, arXiv 1606.01305;
of the scan form: Bradbury, Merity, Xiong, Socher, "Quasi-Recurrent Neural Networks", 2016, arXiv 1611.01576, section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.layers._checks import check_call
from rnnzoo.wrappers._members import member_names, shares
from rnnzoo.wrappers._scan_form import draw_shape, has_coefficients, ones_of, run_scan
from rnnzoo.wrappers._wrapped import Stepper, WrappedCell, any_tensor, innermost, stepper


class Zoneout(WrappedCell):
    """Zoneout around a cell.

    Args:
        cell: what it is around.
        p: the probability of keeping the old value, for all members of the state or by their names, as
            ``{"h": 0.05, "c": 0.5}`` for an LSTM; 0 leaves a member alone.

    Raises:
        UnknownName: the state has no such member.
        ValueError: a probability outside 0 to 1.
        WrapperError: a member is bound to others (a running maximum, a tail of inputs, a clock); or it is around
            another wrapper of a scan cell, which it has to be inside of.
    """

    name = "zoneout"
    loops = True

    def __init__(self, cell: Any, p: float | Mapping[str, float] = 0.1) -> None:
        super().__init__(cell)
        inner = innermost(cell)
        self.scans = has_coefficients(inner)
        if self.scans and inner is not cell:
            raise self.refuse(f"it acts inside a scan cell, and so it is to be named before '{cell.name}'.")
        self.p = shares(self, cell, p, below=False)
        self.members = [self.p.get(name, 0.0) for name in member_names(cell)]

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """As every cell's; a scan cell in parallel over time."""
        if not self.scans:
            return super().forward(x, state, lengths)
        state = check_call(self, x, state, lengths, any_tensor(self))
        self._looped = True
        return run_scan(self.cell, x, state, lengths, self._coefficients, "reference" if self.backend else "torch")

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """The inner cell's steps, each mixed with the state before it."""
        if self.scans:
            return lambda t, state: self._scan_step(x[:, t : t + 1], state)
        inner = stepper(self.cell, x, state)

        def step(t: int, state: State) -> tuple[Tensor, State]:
            y, new = inner(t, state)
            after = tuple(
                self._mix(p, *pair) for p, pair in zip(self.members, zip(new, state, strict=True), strict=True)
            )
            for member, kept in zip(new, after, strict=True):
                if member is y:
                    y = kept
            return y, after

        return step

    def _mix(self, p: float, new: Tensor, old: Tensor) -> Tensor:
        if not p:
            return new
        if self.training:
            return torch.where(torch.rand_like(new) < p, old, new)
        return p * old + (1 - p) * new

    def _scan_step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        y, after = run_scan(self.cell, x, state, None, self._coefficients, "reference")
        return y.squeeze(1), after

    def _coefficients(self, i: int, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        p = self.members[i]
        if not p:
            return a, b
        if not self.training:
            return p * ones_of(self.cell, a) + (1 - p) * a, (1 - p) * b
        keep = torch.rand(draw_shape(self.cell, b), device=b.device) < p
        return torch.where(keep, ones_of(self.cell, a), a), torch.where(keep, 0, b)

    def extra_repr(self) -> str:
        """The probabilities by member."""
        return f"p={self.p}"
