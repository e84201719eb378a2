"""The update gate recurrent network: a simple recurrent network that can also stay as it is.

g = sigmoid(W_g x_t + b_g + U_g h_{t-1} + b'_g)
n = tanh(W_n x_t + b_n + U_n h_{t-1} + b'_n)
h_t = g * h_{t-1} + (1 - g) * n

Source: Collins, Sohl-Dickstein, Sussillo, "Capacity and Trainability in Recurrent Neural Networks", 2017, arXiv
1611.09913; the gate's initial bias of 1 as in the TensorFlow implementation that names the paper (`UGRNNCell`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.layers._collins import PAPER, remember
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("update", "candidate")


def _gates(a: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    g, n = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(g), torch.tanh(n)


def _update(a: Tensor, _: None, h: Tensor) -> tuple[Tensor]:
    g, n = _gates(a)
    return (torch.lerp(n, h, g),)


@LAYERS.register(
    "ugrnn",
    class_name="UGRNN",
    paper=PAPER,
    kind="gated",
    description="simple recurrent network with one gate between the last state and the new one",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/ugrnn.py",
    exportable=True,
    double_backward=True,
)
class UGRNN(GatedCell):
    """Update gate RNN.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        forget_bias: the initial bias of the update gate; above 0 it begins by keeping more than half of the state.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (2H, I) and ``weight_hh`` (2H, H) hold g, n.

    Raises:
        ValueError: a size below 1.
    """

    forget_block = 0
    """Which of the blocks of H rows is the gate's that keeps the state."""

    stages = (Stage("h", 2, 2, _update, ("h",), ("h",), summed=True, gates=_gates, gate_names=GATES),)

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0, **common: Any) -> None:
        self.forget_bias = forget_bias
        super().__init__(input_size, hidden_size, **common)

    def reset_parameters(self) -> None:
        """As the base, the gate's bias apart."""
        super().reset_parameters()
        remember(self, self.forget_bias, blocks=(0,))

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.forget_bias == 1 else f", forget_bias={self.forget_bias:g}")
