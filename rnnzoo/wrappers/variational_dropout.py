"""Variational (locked) dropout: one mask a sequence, on the inputs and on what recurrent weights multiply.

x_t <- m_x * x_t        U s <- U (m_s * s)        for every value s that a recurrent product of the cell multiplies

The masks differ from row to row and are the same at all steps of a row; what is left is multiplied by 1 / (1 - p). The
state itself is not touched where it is no factor of a product: an LSTM's c, the h that a GRU mixes with its candidate.

Source: Gal, Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", 2015, arXiv
1512.05287, equation 7 ("tied weights": all gates share a mask).
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from rnnzoo.contracts import State
from rnnzoo.ops.gated import gated_step
from rnnzoo.wrappers._members import check_share
from rnnzoo.wrappers._wrapped import Stepper, WrappedCell, innermost, stepper, steps_by_stages


class VariationalDropout(WrappedCell):
    """Variational dropout around a cell. With ``state`` it goes step by step in training.

    Args:
        cell: what it is around; with ``state``, itself without a wrapper.
        input: the share of the inputs that is dropped.
        state: the share of what the recurrent weights multiply.

    Raises:
        ValueError: one is no share from 0 to below 1.
        WrapperError: ``state`` around a cell without recurrent products, or around another wrapper.
    """

    name = "variational_dropout"

    def __init__(self, cell: Any, input: float = 0.25, state: float = 0.0) -> None:
        super().__init__(cell)
        check_share("input", input)
        check_share("state", state)
        self.input, self.state = float(input), float(state)
        if hasattr(innermost(cell), "first_value"):
            raise self.refuse(
                "its first layer hands a value of its whole input to the layers above; use 'block' dropout."
            )
        if not state:
            return
        inner = innermost(cell)
        if not steps_by_stages(inner) or all(stage.source is None for stage in inner.stages):
            raise self.refuse(
                f"state is {state}, and the layer declares no recurrent product whose factor could be dropped; use "
                "'recurrent_dropout', or state=0 for the inputs alone."
            )
        if inner is not cell:
            raise self.refuse(f"state is {state}: it acts inside the cell and is to be named before '{cell.name}'.")

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """As every cell's; with dropped inputs alone the inner one's."""
        if self.training and self.state:
            return super().forward(x, state, lengths)
        return self._inner(self._dropped(x), state, lengths)

    def _dropped(self, x: Tensor) -> Tensor:
        if not self.training or not self.input:
            return x
        return x * F.dropout(x.new_ones(x.shape[0], 1, x.shape[2]), self.input)  # (B, 1, I) over all T

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """The inner cell's steps, with the masks of one sequence."""
        x = self._dropped(x)
        if not self.training or not self.state:
            return stepper(self.cell, x, state)
        cell = self.cell
        hoisted, vectors, (weights, biases) = cell.hoist(x), cell.vector_weights(), cell.recurrent_weights()
        factors = sorted({stage.source for stage in cell.stages if stage.source is not None})
        widths = {name: cell.sizes.get(name, cell.hidden_size) for name in factors}
        masks = {name: F.dropout(x.new_ones(x.shape[0], width), self.state) for name, width in widths.items()}

        def step(t: int, state: State) -> tuple[Tensor, State]:
            return gated_step(
                cell.stages, hoisted[:, t], state, weights, biases, vectors,
                states=cell.states, output=cell.output, masks=masks,
            )  # fmt: skip

        return step

    def extra_repr(self) -> str:
        """The two shares."""
        return f"input={self.input}, state={self.state}"
