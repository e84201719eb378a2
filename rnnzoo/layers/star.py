"""The stackable recurrent cell: one gate between the state and the input, whose gradients neither grow nor fade.

z = tanh(W_z x_t + b_z)
k = sigmoid(W_k x_t + b_k + U h_{t-1} + b')
h_t = tanh((1 - k) * h_{t-1} + k * z)

Source: Turkoglu, D'Aronco, Wegner, Schindler, "Gating Revisited: Deep Multi-layer RNNs That Can Be Trained", IEEE
Transactions on Pattern Analysis and Machine Intelligence, 2021, arXiv 1911.11033.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gates(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    return torch.sigmoid(x[..., 1, :] + u[..., 0, :]), torch.tanh(x[..., 0, :])  # (..., H) each


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    k, z = _gates(x, u, h)
    return (torch.tanh((1 - k) * h + k * z),)


@LAYERS.register(
    "star",
    class_name="STAR",
    paper=Paper(
        "Gating Revisited: Deep Multi-layer RNNs That Can Be Trained",
        "Mehmet Ozgur Turkoglu, Stefano D'Aronco, Jan Dirk Wegner, Konrad Schindler",
        2021,
        "https://arxiv.org/abs/1911.11033",
    ),
    kind="gated",
    description="stackable recurrent cell: one gate between state and input, made for deep stacks",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/star.py",
    exportable=True,
    double_backward=True,
)
class STAR(GatedCell):
    """Stackable recurrent cell; the state lies between -tanh(1) and tanh(1), 0.76, if it starts between -1 and 1.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, ``bias_ih`` and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (2H, I) holds W_z and W_k, ``weight_hh`` (H, H) is U.

    Raises:
        ValueError: a size below 1.
    """

    stages = (Stage("h", 2, 1, _update, ("h",), ("h",), gates=_gates, gate_names=("update", "candidate")),)
