"""The chaos free network: the state fades, and only the input can renew it.

theta = sigmoid(V_t x_t + b_t + U_t h_{t-1} + b'_t)          keeps the state
eta   = sigmoid(V_e x_t + b_e + U_e h_{t-1} + b'_e)          lets the input in
h_t = theta * tanh(h_{t-1}) + eta * tanh(W x_t + b)

Source: Laurent, von Brecht, "A recurrent neural network without chaos", ICLR 2017, arXiv 1612.06212.
The paper has no b beside W.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("forget", "input", "candidate")


def _gates(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    theta, eta = torch.sigmoid(x[..., :2, :] + u).unbind(-2)  # (..., H) each
    return theta, eta, torch.tanh(x[..., 2, :])


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    theta, eta, n = _gates(x, u, h)
    return (theta * torch.tanh(h) + eta * n,)


@LAYERS.register(
    "cfn",
    class_name="CFN",
    paper=Paper(
        "A recurrent neural network without chaos",
        "Thomas Laurent, James von Brecht",
        2017,
        "https://arxiv.org/abs/1612.06212",
    ),
    kind="gated",
    description="chaos free network: two gates, and a state that fades to zero without input",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/cfn.py",
    exportable=True,
    double_backward=True,
)
class CFN(GatedCell):
    """Chaos free network.

    While W x_t + b is zero every unit of the state shrinks in each step, whatever the weights: there is no attractor
    but zero, so no chaos.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, ``bias_ih`` and ``bias_hh``.
        recurrent_bias: with ``bias``, whether there is ``bias_hh``.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) holds V_t, V_e, W, ``weight_hh`` (2H, H) U_t, U_e.

    Raises:
        ValueError: a size below 1.
    """

    forget_block = 0
    """Which of the blocks of H rows is the forget gate's."""

    stages = (Stage("h", 3, 2, _update, ("h",), ("h",), gates=_gates, gate_names=GATES),)
