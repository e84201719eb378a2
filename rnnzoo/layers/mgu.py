"""The minimal gated unit: a gated recurrent unit whose reset and update gates are one.

f = sigmoid(W_f x_t + b_f + U_f h_{t-1} + b'_f)
n = tanh(W x_t + b + U (f * h_{t-1}) + b')
h_t = (1 - f) * h_{t-1} + f * n

Source: Zhou, Wu, Zhang, Zhou, "Minimal Gated Unit for Recurrent Neural Networks", 2016, arXiv 1603.09420, eqs. 5 to 7.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._mgu import MIX
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _forget(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.sigmoid(a[..., 0, :]),)  # (..., H)


def _veil(a: Tensor, _: None, h: Tensor) -> tuple[Tensor, Tensor]:
    (f,) = _forget(a)
    return f, f * h


@LAYERS.register(
    "mgu",
    class_name="MGU",
    paper=Paper(
        "Minimal Gated Unit for Recurrent Neural Networks",
        "Guo-Bing Zhou, Jianxin Wu, Chen-Lin Zhang, Zhi-Hua Zhou",
        2016,
        "https://arxiv.org/abs/1603.09420",
    ),
    kind="gated",
    description="GRU whose reset and update gates are one",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/mgu.py",
    exportable=True,
    double_backward=True,
)
class MGU(GatedCell):
    """Minimal gated unit. An open "forget" gate lets the candidate in, as in the paper: 1 - f of the state is kept.

    (Flax's `MGUCell` keeps f of it: google/flax#4608.)

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (2H, I) and ``weight_hh`` (2H, H) hold f, n.

    Raises:
        ValueError: a size below 1.
    """

    stages = (Stage("h", 1, 1, _veil, ("h",), ("f", "fh"), summed=True, gates=_forget, gate_names=("forget",)), MIX)
