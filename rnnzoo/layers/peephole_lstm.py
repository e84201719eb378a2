"""Long short-term memory whose gates look at the cell.

i = sigmoid(W_i x_t + b_i + U_i h_{t-1} + b'_i + p_i * c_{t-1})
f = sigmoid(W_f x_t + b_f + U_f h_{t-1} + b'_f + p_f * c_{t-1})
g = tanh(W_g x_t + b_g + U_g h_{t-1} + b'_g)
c_t = f * c_{t-1} + i * g
o = sigmoid(W_o x_t + b_o + U_o h_{t-1} + b'_o + p_o * c_t)        of the new cell
h_t = o * tanh(c_t)

Source: Gers, Schraudolph, Schmidhuber, "Learning Precise Timing with LSTM Recurrent Networks", JMLR 3, 2002.
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


def _update(a: Tensor, u: None, c: Tensor, p_i: Tensor, p_f: Tensor, p_o: Tensor) -> tuple[Tensor, Tensor]:
    *_, o, c = _gates(a, u, c, p_i, p_f, p_o)
    return o * torch.tanh(c), c


@LAYERS.register(
    "peephole_lstm",
    class_name="PeepholeLSTM",
    paper=Paper(
        "Learning Precise Timing with LSTM Recurrent Networks",
        "Felix A. Gers, Nicol N. Schraudolph, Jürgen Schmidhuber",
        2002,
        "https://www.jmlr.org/papers/volume3/gers02a/gers02a.pdf",
    ),
    kind="gated",
    description="LSTM whose gates look at the cell through per-channel weights",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/peephole_lstm.py",
    exportable=True,
    double_backward=True,
)
class PeepholeLSTM(GatedCell):
    """LSTM with peephole connections; the states are h and c.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (4H, I) and ``weight_hh`` (4H, H) hold i, f, g, o; the peepholes
            are ``p_i``, ``p_f``, ``p_o`` (H,).

    Raises:
        ValueError: a size below 1.
    """

    forget_block = 1
    """Which of the blocks of H rows is the forget gate's."""

    states = ("h", "c")
    vectors = ("p_i", "p_f", "p_o")
    stages = (Stage("h", 4, 4, _update, ("c", *vectors), states, summed=True, gates=_gates, gate_names=GATES),)
