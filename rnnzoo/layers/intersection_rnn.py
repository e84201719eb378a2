"""The intersection network, +RNN: one gate for what passes through time, one for what passes through depth.

v_t = x_t, or P x_t + p where I is not H
g_h = sigmoid(W_1 v_t + b_1 + U_1 h_{t-1} + b'_1)       g_y = sigmoid(W_3 v_t + b_3 + U_3 h_{t-1} + b'_3)
n_h = tanh(W_2 v_t + b_2 + U_2 h_{t-1} + b'_2)          n_y = relu(W_4 v_t + b_4 + U_4 h_{t-1} + b'_4)
h_t = g_h * h_{t-1} + (1 - g_h) * n_h                   the state
y_t = g_y * v_t + (1 - g_y) * n_y                       the output

Source: Collins, Sohl-Dickstein, Sussillo, "Capacity and Trainability in Recurrent Neural Networks", 2017, arXiv
1611.09913; the projection and the gates' initial biases of 1 as in the TensorFlow implementation that names the paper
(`IntersectionRNNCell`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from rnnzoo.layers._collins import PAPER, remember
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("update", "candidate", "depth", "candidate output")


def _gates(x: Tensor, u: Tensor, *_: Any) -> tuple[Tensor, ...]:
    g_h, n_h, g_y, n_y = (x[..., :4, :] + u).unbind(-2)  # (..., H) each
    return torch.sigmoid(g_h), torch.tanh(n_h), torch.sigmoid(g_y), torch.relu(n_y)


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    g_h, n_h, g_y, n_y = _gates(x, u)
    return torch.lerp(n_h, h, g_h), torch.lerp(n_y, x[..., 4, :], g_y)


@LAYERS.register(
    "intersection_rnn",
    class_name="IntersectionRNN",
    paper=PAPER,
    kind="gated",
    description="a gate through time and a gate through depth: the output mixes in the input itself",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/intersection_rnn.py",
    exportable=True,
    double_backward=True,
)
class IntersectionRNN(GatedCell):
    """Intersection RNN. Its output mixes with its input, so an input of another width than H is projected to H first.

    (torchrecurrent refuses other widths.)

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        forget_bias: the initial bias of both gates; above 0 they begin by passing on more than half.
        bias: whether there are biases, b (``bias_ih``), b' (``bias_hh``) and p.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` and ``weight_hh`` (4H, H) hold g_h, n_h, g_y, n_y; where I is
            not H, P is ``weight_proj`` (H, I) and p ``bias_proj`` (H,).

    Raises:
        ValueError: a size below 1.
    """

    weight_proj: nn.Parameter
    bias_proj: nn.Parameter
    output = "y"
    stages = (Stage("h", 5, 4, _update, ("h",), ("h", "y"), gates=_gates, gate_names=GATES),)

    def __init__(self, input_size: int, hidden_size: int, *, forget_bias: float = 1.0, **common: Any) -> None:
        self.forget_bias = forget_bias
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Four blocks over the projected input, and the projection."""
        I, H = self.input_size, self.hidden_size
        shapes = super().parameter_shapes() | {"weight_ih": (4 * H, H)}
        if self.bias:
            shapes["bias_ih"] = (4 * H,)
        if I != H:
            shapes["weight_proj"] = (H, I)
            if self.bias:
                shapes["bias_proj"] = (H,)
        return shapes

    def reset_parameters(self) -> None:
        """As the base, the gates' biases apart."""
        super().reset_parameters()
        remember(self, self.forget_bias, blocks=(0, 2))

    def project(self, x: Tensor) -> Tensor:
        """v (..., H): x, or its projection where I is not H."""
        if self.input_size == self.hidden_size:
            return x
        return linear(x, self.weight_proj, self.bias_proj if self.bias else None)

    def input_weight(self) -> Tensor:
        """The blocks of g_h, n_h, g_y, n_y, and an identity: v as the output sees it; (5H, H)."""
        weight = self.weight_ih
        return torch.cat([weight, torch.eye(self.hidden_size, device=weight.device, dtype=weight.dtype)])

    def input_bias(self) -> Tensor | None:
        """b, and zeros for v itself."""
        return None if self.bias_ih is None else pad(self.bias_ih, (0, self.hidden_size))

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.forget_bias == 1 else f", forget_bias={self.forget_bias:g}")
