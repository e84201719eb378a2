"""The simple gated recurrent network: the gate's input product is its candidate too.

a = W x_t + b
f = sigmoid(a + U h_{t-1} + b')
h_t = tanh((1 - f) * a + f * h_{t-1})

Source: Zu, Wei, "A simple gated recurrent network for detection of power quality disturbances", IET Generation,
Transmission and Distribution 15(4), 2021, doi 10.1049/gtd2.12056.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gates(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    a = x[..., 0, :]
    return torch.sigmoid(a + u[..., 0, :]), a  # (..., H) each


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    f, a = _gates(x, u, h)
    return (torch.tanh((1 - f) * a + f * h),)


@LAYERS.register(
    "sgrn",
    class_name="SGRN",
    paper=Paper(
        "A simple gated recurrent network for detection of power quality disturbances",
        "Xiangrong Zu, Kai Wei",
        2021,
        "https://doi.org/10.1049/gtd2.12056",
    ),
    kind="gated",
    description="simple gated recurrent network: one forget gate that shares its input weights with the candidate",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/sgrn.py",
    exportable=True,
    double_backward=True,
)
class SGRN(GatedCell):
    """Simple gated recurrent network; the state lies between -1 and 1, and it has no more weights than an SRN.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), U ``weight_hh`` (H, H).

    Raises:
        ValueError: a size below 1.
    """

    stages = (Stage("h", 1, 1, _update, ("h",), ("h",), gates=_gates, gate_names=("forget", "candidate")),)
