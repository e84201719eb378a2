"""Residual LSTM: the input takes a short way to the output, behind the output gate.

i = sigmoid(W_i x_t + b_i + U_i h_{t-1} + b'_i + p_i * c_{t-1})
f = sigmoid(W_f x_t + b_f + U_f h_{t-1} + b'_f + p_f * c_{t-1})
g = tanh(W_g x_t + b_g + U_g h_{t-1} + b'_g)
c_t = f * c_{t-1} + i * g
o = sigmoid(W_o x_t + b_o + U_o h_{t-1} + b'_o + p_o * c_t)        of the new cell
h_t = o * (P tanh(c_t) + R x_t)

Source: Kim, El-Khamy, Lee, "Residual LSTM: Design of a Deep Recurrent Architecture for Distant Speech Recognition",
Interspeech 2017, arXiv 1701.03360, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("input", "forget", "candidate", "output")


def _gates(a: Tensor, _: None, c: Tensor, p_i: Tensor, p_f: Tensor, p_o: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = a.unbind(-2)  # (..., H) each
    i, f = torch.sigmoid(torch.addcmul(i, p_i, c)), torch.sigmoid(torch.addcmul(f, p_f, c))
    g = torch.tanh(g)
    c = f * c + i * g  # the output gate looks at it
    return i, f, g, torch.sigmoid(torch.addcmul(o, p_o, c)), c


def _cell(a: Tensor, u: None, c: Tensor, p_i: Tensor, p_f: Tensor, p_o: Tensor) -> tuple[Tensor, ...]:
    *_, o, c = _gates(a, u, c, p_i, p_f, p_o)
    return torch.tanh(c), o, c


def _output(a: Tensor, _: None, o: Tensor) -> tuple[Tensor]:
    return (o * a[..., 0, :],)


@LAYERS.register(
    "res_lstm",
    class_name="ResLSTM",
    paper=Paper(
        "Residual LSTM: Design of a Deep Recurrent Architecture for Distant Speech Recognition",
        "Jaeyoung Kim, Mostafa El-Khamy, Jungwon Lee",
        2017,
        "https://arxiv.org/abs/1701.03360",
    ),
    kind="gated",
    description="residual LSTM: the input is added to the projected cell, behind the output gate",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/res_lstm.py",
    exportable=True,
    double_backward=True,
)
class ResLSTM(GatedCell):
    """Residual LSTM; the states are h and c.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``), of the gates and the candidate alone.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (5H, I) holds i, f, g, o and R, ``weight_hh`` (5H, H) i, f, g, o
            and P, the biases (4H,) i, f, g, o; the peepholes are ``p_i``, ``p_f``, ``p_o`` (H,).

    Raises:
        ValueError: a size below 1.
    """

    states = ("h", "c")
    vectors = ("p_i", "p_f", "p_o")
    forget_block = 1
    """Which of the blocks of H rows is the forget gate's."""
    stages = (
        Stage("h", 4, 4, _cell, ("c", *vectors), ("r", "o", "c"), summed=True, gates=_gates, gate_names=GATES),
        Stage("r", 1, 1, _output, ("o",), ("h",), summed=True, input_bias=False, recurrent_bias=False),
    )
