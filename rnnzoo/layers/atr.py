"""The addition-subtraction twin-gated network: both gates from one matrix for the input and one for the state.

p = W x_t
q = U h_{t-1} + b
i = sigmoid(p + q)
f = sigmoid(p - q)
h_t = i * p + f * h_{t-1}

Source: Zhang, Xiong, Su, Lin, Zhang, "Simplifying Neural Machine Translation with Addition-Subtraction Twin-Gated
Recurrent Networks", EMNLP 2018, arXiv 1810.12546; the bias is that of the first author's code (bzhangGo/zero).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("input", "forget", "candidate")


def _gates(x: Tensor, u: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    p, q = x[..., 0, :], u[..., 0, :]  # (..., H) each
    return torch.sigmoid(p + q), torch.sigmoid(p - q), p


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    i, f, p = _gates(x, u)
    return (i * p + f * h,)


@LAYERS.register(
    "atr",
    class_name="ATR",
    paper=Paper(
        "Simplifying Neural Machine Translation with Addition-Subtraction Twin-Gated Recurrent Networks",
        "Biao Zhang, Deyi Xiong, Jinsong Su, Qian Lin, Huiji Zhang",
        2018,
        "https://arxiv.org/abs/1810.12546",
    ),
    kind="gated",
    description="two gates, the sum and the difference of one input and one recurrent product",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/atr.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent gives p a bias as well; without it, it is equal (tests/peers/"
    "test_gru_family_vs_torchrecurrent.py).",
)
class ATR(GatedCell):
    """Addition-subtraction twin-gated recurrent network.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there is b (``bias_hh``); p has none.
        recurrent_bias: the same of b alone; it takes both for b to be there.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), U ``weight_hh`` (H, H).

    Raises:
        ValueError: a size below 1.
    """

    stages = (Stage("h", 1, 1, _update, ("h",), ("h",), gates=_gates, gate_names=GATES, input_bias=False),)
