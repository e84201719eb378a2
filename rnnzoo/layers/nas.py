"""The cell that architecture search found: eight small layers joined by a tree.

With x_k = W_k x_t + b_k and u_k = U_k h_{t-1} + b'_k, k = 1..8:

l_1, l_3, l_6, l_8 = sigmoid(x_k + u_k)
l_2 = max(0, x_2 + u_2)
l_4 = max(0, x_4 * u_4)                          a product, the only one
l_5, l_7 = tanh(x_k + u_k)
c_t = tanh(tanh(l_1 * l_2) + c_{t-1}) * tanh(l_3 + l_4)
h_t = tanh(c_t * tanh(tanh(l_5 * l_6) + sigmoid(l_7 + l_8)))

Source: Zoph, Le, "Neural Architecture Search with Reinforcement Learning", ICLR 2017, arXiv 1611.01578, as
``NASCell`` in TensorFlow's contrib package writes it out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _update(x: Tensor, u: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    _, _, _, x4, *_ = x.unbind(-2)  # (..., H)
    _, _, _, u4, *_ = u.unbind(-2)
    a1, a2, a3, _, a5, a6, a7, a8 = (x + u).unbind(-2)
    joined = torch.tanh(torch.tanh(torch.sigmoid(a1) * torch.relu(a2)) + c)
    c = joined * torch.tanh(torch.sigmoid(a3) + torch.relu(x4 * u4))
    right = torch.tanh(torch.tanh(a5) * torch.sigmoid(a6)) + torch.sigmoid(torch.tanh(a7) + torch.sigmoid(a8))
    return torch.tanh(c * torch.tanh(right)), c


@LAYERS.register(
    "nas",
    class_name="NAS",
    paper=Paper(
        "Neural Architecture Search with Reinforcement Learning",
        "Barret Zoph, Quoc V. Le",
        2017,
        "https://arxiv.org/abs/1611.01578",
    ),
    kind="gated",
    description="the recurrent cell that architecture search found on language modelling",
    tiny={"input_size": 3, "hidden_size": 6},
    oracle="tests/oracles/nas.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent 0.2.5 adds in the fourth layer where TensorFlow's contrib cell multiplies: "
    "tests/peers/test_classics_vs_torchrecurrent.py",
)
class NAS(GatedCell):
    """The recurrent cell of neural architecture search; the states are h and c.

    Its eight layers have no names but their numbers, so there are none in ``gate_values``. torchrecurrent has
    max(0, x_4 + u_4) for l_4.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``); TensorFlow's cell has b' alone, or none.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (8H, I) and ``weight_hh`` (8H, H) hold layers 1 to 8.

    Raises:
        ValueError: a size below 1.
    """

    states = ("h", "c")
    stages = (Stage("h", 8, 8, _update, ("c",), states),)
