"""A residual connection around a cell, and with it residual stacks.

y_t = f(x)_t + x_t           or f(x)_t + P x_t, P (O, I), where the cell's output is not as wide as its input

Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2015, arXiv 1512.03385; around recurrent
layers: Wu et al., "Google's Neural Machine Translation System", 2016, arXiv 1609.08144, section 3.1.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from rnnzoo.contracts import State
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.wrappers._wrapped import Stepper, WrappedCell, any_tensor, stepper


def skip_around(cell: Any) -> nn.Module:
    """x as wide as the cell's output: itself, or ``weight`` (O, I) times it."""
    if cell.input_size == cell.output_size:
        return nn.Identity()
    weight = any_tensor(cell)
    return nn.Linear(cell.input_size, cell.output_size, bias=False, device=weight.device, dtype=weight.dtype)


class Residual(WrappedCell):
    """A residual connection around a cell; its parameter is ``skip.weight`` (O, I) where there is one.

    Args:
        cell: what it is around.
    """

    name = "residual"

    def __init__(self, cell: Any) -> None:
        super().__init__(cell)
        self.skip = skip_around(cell)

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The inner cell's output beside its input."""
        x = x if lengths is None else zero_padding(x, lengths)
        y, final = self._inner(x, state, lengths)
        y = y + self.skip(x).to(y.dtype)
        return (y if lengths is None else zero_padding(y, lengths)), final

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """The inner cell's steps, each beside its input."""
        inner, beside = stepper(self.cell, x, state), self.skip(x)

        def step(t: int, state: State) -> tuple[Tensor, State]:
            y, after = inner(t, state)
            return y + beside[:, t].to(y.dtype), after

        return step
