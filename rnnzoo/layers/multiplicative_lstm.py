"""The multiplicative LSTM: an LSTM that sees, in place of the last output, its product with a projection of the input.

m_t = (V x_t) * (M h_{t-1})
i, f, o = sigmoid(W x_t + b + U m_t + b')      each with weights of its own
g = tanh(W x_t + b + U m_t + b')
c_t = f * c_{t-1} + i * g
h_t = o * tanh(c_t)

Source: Krause, Lu, Murray, Renals, "Multiplicative LSTM for Sequence Modelling", 2016, arXiv 1609.07959, section 3; the
squashing is that of the authors' later code. Their first experiments leave g without tanh and put out tanh(o * c_t).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("input", "forget", "candidate", "output")


def _multiply(x: Tensor, u: Tensor) -> tuple[Tensor]:
    return (x[..., 0, :] * u[..., 0, :],)


def _gates(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    i, f, g, o = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def _update(a: Tensor, _: None, c: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = _gates(a)
    c = f * c + i * g
    return o * torch.tanh(c), c


@LAYERS.register(
    "multiplicative_lstm",
    class_name="MultiplicativeLSTM",
    paper=Paper(
        "Multiplicative LSTM for Sequence Modelling",
        "Ben Krause, Liang Lu, Iain Murray, Steve Renals",
        2016,
        "https://arxiv.org/abs/1609.07959",
    ),
    kind="gated",
    description="LSTM over the product of the last output and the input, each projected",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/multiplicative_lstm.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent's MultiplicativeLSTM gives both factors of m a bias "
    "(tests/peers/test_lstm_family_vs_torchrecurrent.py)",
)
class MultiplicativeLSTM(GatedCell):
    """Multiplicative LSTM; the states are h and c.

    torchrecurrent's layer is this one with a bias on each factor of m.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states, of m and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``), of the gates and the candidate alone.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (5H, I) holds V, then W's i, f, g, o; ``weight_hh`` (5H, H)
            holds M, then U's i, f, g, o; the biases (4H,) hold i, f, g, o.

    Raises:
        ValueError: a size below 1.
    """

    states = ("h", "c")
    forget_block = 1
    """Which of the blocks of H rows of the biases is the forget gate's."""
    stages = (
        Stage("h", 1, 1, _multiply, (), ("m",), input_bias=False, recurrent_bias=False),
        Stage("m", 4, 4, _update, ("c",), states, summed=True, gates=_gates, gate_names=GATES),
    )
