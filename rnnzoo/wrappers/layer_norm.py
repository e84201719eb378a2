"""Layer norm around a cell, of what it puts out or of its state.

on="output":  y_t <- LN(y_t)                      the recurrence itself is as it was, and as fast
on="state":   h_t <- LN(h~_t), y_t = h_t          the next step sees the norm; h is the member that is put out

LN(a) = g * (a - mean(a)) / sqrt(var(a) + 1e-5) + b, over the channels of one step of one row.

Source: Ba, Kiros, Hinton, "Layer Normalization", 2016, arXiv 1607.06450. Inside the gates, as the paper has it for LSTM
and GRU, it is a layer of its own: ``layer_norm_lstm``, ``layer_norm_gru``.
"""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn

from rnnzoo.contracts import State
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.registry import unknown
from rnnzoo.wrappers._wrapped import Stepper, WrappedCell, any_tensor, innermost, stepper

PLACES = ("output", "state")


class LayerNorm(WrappedCell):
    """Layer norm around a cell; its parameters are ``layer_norm.weight`` and ``layer_norm.bias`` (O,).

    Args:
        cell: what it is around.
        on: "output" or "state"; the latter goes step by step.

    Raises:
        UnknownName: another place.
        WrapperError: ``on="state"`` around a cell whose output is no member of its state.
    """

    name = "layer_norm"

    def __init__(self, cell: Any, on: Literal["output", "state"] = "output") -> None:
        super().__init__(cell)
        if on not in PLACES:
            raise unknown("place of a layer norm", on, PLACES)
        inner = innermost(cell)
        if on == "state" and not (isinstance(inner, GatedCell) and inner.output in inner.states):
            raise self.refuse(
                "on is 'state', and what the layer puts out is no member of a state that its stages update; use "
                "on='output'."
            )
        weight = any_tensor(cell)
        self.on, self.loops = on, on == "state"
        self.layer_norm = nn.LayerNorm(cell.output_size, device=weight.device, dtype=weight.dtype)

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """As every cell's; with ``on="output"`` the inner one's with its output normed."""
        if self.loops:
            return super().forward(x, state, lengths)
        y, final = self._inner(x, state, lengths)
        y = self.layer_norm(y)
        return (y if lengths is None else zero_padding(y, lengths)), final

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """The inner cell's steps, each normed."""
        inner = stepper(self.cell, x, state)

        def step(t: int, state: State) -> tuple[Tensor, State]:
            y, after = inner(t, state)
            normed = self.layer_norm(y)
            return normed, tuple(normed if self.loops and member is y else member for member in after)

        return step

    def extra_repr(self) -> str:
        """Where."""
        return f"on='{self.on}'"
