"""A highway connection around a cell, and with it highway stacks: a gate mixes what came in with what comes out.

g_t = sigmoid(W x_t + b)                     (O,); b begins at -2, so that most passes by
y_t = g_t * f(x)_t + (1 - g_t) * x_t         or P x_t, P (O, I), where the cell's output is not as wide as its input

Source: Srivastava, Greff, Schmidhuber, "Highway Networks", 2015, arXiv 1505.00387. The depth of a recurrent step is
another matter: ``rhn``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import State
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.wrappers._wrapped import Stepper, WrappedCell, any_tensor, stepper
from rnnzoo.wrappers.residual import skip_around


class Highway(WrappedCell):
    """A highway connection around a cell; parameters ``highway_gate.weight`` (O, I), ``highway_gate.bias`` (O,), and
    ``skip.weight`` (O, I) where the widths differ.

    Args:
        cell: what it is around.
        bias: b at first; below 0 the layer begins as its input.
    """

    name = "highway"

    def __init__(self, cell: Any, bias: float = -2.0) -> None:
        super().__init__(cell)
        weight = any_tensor(cell)
        self.skip = skip_around(cell)
        self.highway_gate = nn.Linear(cell.input_size, cell.output_size, device=weight.device, dtype=weight.dtype)
        nn.init.constant_(self.highway_gate.bias, bias)

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The inner cell's output, mixed with its input."""
        x = x if lengths is None else zero_padding(x, lengths)
        y, final = self._inner(x, state, lengths)
        y = self._mix(y, *self._beside(x))
        return (y if lengths is None else zero_padding(y, lengths)), final

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """The inner cell's steps, each mixed with its input."""
        inner, (gate, beside) = stepper(self.cell, x, state), self._beside(x)

        def step(t: int, state: State) -> tuple[Tensor, State]:
            y, after = inner(t, state)
            return self._mix(y, gate[:, t], beside[:, t]), after

        return step

    def _beside(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.sigmoid(self.highway_gate(x)), self.skip(x)  # (B, T, O) each

    def _mix(self, y: Tensor, gate: Tensor, beside: Tensor) -> Tensor:
        return torch.lerp(beside.to(y.dtype), y, gate.to(y.dtype))
