"""LSTM with working memory connections: the gates see a learned, squashed projection of the cell.

i = sigmoid(W_i x_t + b_i + U_i h_{t-1} + b'_i + tanh(V_i c_{t-1}))
f = sigmoid(W_f x_t + b_f + U_f h_{t-1} + b'_f + tanh(V_f c_{t-1}))
g = tanh(W_g x_t + b_g + U_g h_{t-1} + b'_g)
c_t = f * c_{t-1} + i * g
o = sigmoid(W_o x_t + b_o + U_o h_{t-1} + b'_o + tanh(V_o c_t))        of the new cell
h_t = o * tanh(c_t)

Source: Landi, Baraldi, Cornia, Cucchiara, "Working Memory Connections for LSTM", Neural Networks 144, 2021,
arXiv 2109.00020, section 3.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _remember(_: None, u: Tensor) -> tuple[Tensor, ...]:
    return torch.tanh(u).unbind(-2)  # (..., H) each: what i and f see of the cell


def _gates(a: Tensor, _: None, c: Tensor, m_i: Tensor, m_f: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(i + m_i), torch.sigmoid(f + m_f), torch.tanh(g), o


def _cell(a: Tensor, u: None, c: Tensor, m_i: Tensor, m_f: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = _gates(a, u, c, m_i, m_f)
    return f * c + i * g, o


def _output_gate(_: None, u: Tensor, o: Tensor, *__: Any) -> tuple[Tensor]:
    return (torch.sigmoid(o + torch.tanh(u[..., 0, :])),)


def _output(_: None, u: Tensor, o: Tensor, c: Tensor) -> tuple[Tensor]:
    (o,) = _output_gate(_, u, o)
    return (o * torch.tanh(c),)


@LAYERS.register(
    "wmc_lstm",
    class_name="WMCLSTM",
    paper=Paper(
        "Working Memory Connections for LSTM",
        "Federico Landi, Lorenzo Baraldi, Marcella Cornia, Rita Cucchiara",
        2021,
        "https://arxiv.org/abs/2109.00020",
    ),
    kind="gated",
    description="LSTM whose gates see a squashed projection of the cell",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/wmc_lstm.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent's WMCLSTM adds a bias inside the tanh of each connection "
    "(tests/peers/test_lstm_family_vs_torchrecurrent.py)",
)
class WMCLSTM(GatedCell):
    """LSTM with working memory connections; the states are h and c.

    torchrecurrent's layer is this one with a further bias inside the tanh of each connection.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (4H, I), ``bias_ih`` and ``bias_hh`` (4H,) hold i, f, g, o;
            ``weight_hh`` (7H, H) holds V_i, V_f, then i, f, g, o of U, then V_o.

    Raises:
        ValueError: a size below 1.
    """

    states = ("h", "c")
    forget_block = 1
    """Which of the blocks of H rows of the biases is the forget gate's."""
    stages = (
        Stage("c", 0, 2, _remember, (), ("m_i", "m_f"), recurrent_bias=False),
        Stage(
            "h",
            4,
            4,
            _cell,
            ("c", "m_i", "m_f"),
            ("c", "o"),
            summed=True,
            gates=_gates,
            gate_names=("input", "forget", "candidate"),
        ),
        Stage(
            "c",
            0,
            1,
            _output,
            ("o", "c"),
            ("h",),
            gates=_output_gate,
            gate_names=("output",),
            recurrent_bias=False,
        ),
    )
