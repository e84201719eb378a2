"""MinimalRNN: the input is mapped into the space of the state, and one gate says how far the state goes there.

z = tanh(W x_t + b_z)
u = sigmoid(V z + b_u + U h_{t-1} + b'_u)
h_t = u * h_{t-1} + (1 - u) * z

Source: Chen, "MinimalRNN: Toward More Interpretable and Trainable Recurrent Neural Networks", 2017, arXiv 1711.06788.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("update", "candidate")


def _gates(x: Tensor, u: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    return torch.sigmoid(x[..., 0, :] + u[..., 0, :]), x[..., 1, :]  # (..., H) each


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    g, z = _gates(x, u)
    return (torch.lerp(z, h, g),)


@LAYERS.register(
    "minimal_rnn",
    class_name="MinimalRNN",
    paper=Paper(
        "MinimalRNN: Toward More Interpretable and Trainable Recurrent Neural Networks",
        "Minmin Chen",
        2017,
        "https://arxiv.org/abs/1711.06788",
    ),
    kind="gated",
    description="one gate moves the state towards an encoding of the input alone",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/minimal_rnn.py",
    exportable=True,
    double_backward=True,
)
class MinimalRNN(GatedCell):
    """MinimalRNN, with the paper's choice of encoder, one layer with tanh.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, b_z then b_u (``bias_ih``, (2H,)) and b'_u (``bias_hh``, (H,)).
        recurrent_bias: with ``bias``, whether there is b'_u.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), V ``weight_zh`` (H, H), U ``weight_hh`` (H, H).

    Raises:
        ValueError: a size below 1.
    """

    weight_zh: nn.Parameter
    stages = (Stage("h", 2, 1, _update, ("h",), ("h",), gates=_gates, gate_names=GATES),)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As the base's, with one block of the input, and the encoding's matrix."""
        H = self.hidden_size
        return super().parameter_shapes() | {"weight_ih": (H, self.input_size), "weight_zh": (H, H)}

    def hoist(self, x: Tensor) -> Tensor:
        """x (..., I) to (..., 2H): V z + b_u, then z."""
        b_z, b_u = (None, None) if self.bias_ih is None else self.bias_ih.split(self.hidden_size)
        z = torch.tanh(linear(x, self.weight_ih, b_z))  # (..., H)
        return torch.cat([linear(z, self.weight_zh, b_u), z], -1)
