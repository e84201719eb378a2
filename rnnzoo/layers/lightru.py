"""The light recurrent unit: a forget gate between the state and a candidate that sees the input alone.

n = tanh(W_n x_t)
f = sigmoid(W_f x_t + b_f + U_f h_{t-1} + b'_f)
h_t = (1 - f) * h_{t-1} + f * n

Source: Ye, Zhang, Liu, Li, Chang, Zheng, "Light Recurrent Unit: Towards an Interpretable Recurrent Neural Network for
Modeling Long-Range Dependency", Electronics 13(16), 2024, 3204, doi 10.3390/electronics13163204.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("forget", "candidate")


def _gates(x: Tensor, u: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    return torch.sigmoid(x[..., 1, :] + u[..., 0, :]), torch.tanh(x[..., 0, :])  # (..., H) each


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    f, n = _gates(x, u)
    return (torch.lerp(h, n, f),)


@LAYERS.register(
    "lightru",
    class_name="LightRU",
    paper=Paper(
        "Light Recurrent Unit: Towards an Interpretable Recurrent Neural Network for Modeling Long-Range Dependency",
        "Hong Ye, Yibing Zhang, Huizhou Liu, Xuannong Li, Jiaming Chang, Hui Zheng",
        2024,
        "https://doi.org/10.3390/electronics13163204",
    ),
    kind="gated",
    description="one gate between the state and a candidate that sees the input alone",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/lightru.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent gives the candidate a bias as well; without it, it is equal (tests/peers/"
    "test_gru_family_vs_torchrecurrent.py).",
)
class LightRU(GatedCell):
    """Light recurrent unit (the paper's LRU; here LRU is the linear one). An open "forget" gate lets the candidate in.

    The paper's other structure, which exchanges the activation function in deep stacks, is not here.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether the gate has biases, b_f (``bias_ih``) and b'_f (``bias_hh``), (H,) each; the candidate has none.
        recurrent_bias: with ``bias``, whether there is b'_f.
        device, dtype: of the parameters; ``weight_ih`` (2H, I) holds n, f; U_f is ``weight_hh`` (H, H).

    Raises:
        ValueError: a size below 1.
    """

    stages = (Stage("h", 2, 1, _update, ("h",), ("h",), gates=_gates, gate_names=GATES),)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As the base's, without a bias of the candidate."""
        return super().parameter_shapes() | ({"bias_ih": (self.hidden_size,)} if self.bias else {})

    def input_bias(self) -> Tensor | None:
        """Zeros for the candidate, then the gate's."""
        return None if self.bias_ih is None else pad(self.bias_ih, (self.hidden_size, 0))
