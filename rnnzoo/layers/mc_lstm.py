"""LSTM with a memory controller: what is put out and what is fed back have each a gate of their own.

f, i, o, m = sigmoid(W x_t + b + U v_{t-1} + b')      each with weights of its own
n = tanh(W x_t + b + U v_{t-1} + b')
c_t = f * c_{t-1} + i * n
h_t = o * tanh(c_t)                                   the output, which nothing reads
v_t = m * tanh(c_t)                                   the control vector, which is fed back

Not the mass-conserving LSTM (Hoedt et al., 2021, arXiv 2101.05186), which shares the abbreviation and nothing else.

Source: Ben-Ari, Shwartz-Ziv, "Sequence Modeling Using a Memory Controller Extension for LSTM", NIPS 2017 Time Series
Workshop.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("forget", "input", "output", "control", "candidate")


def _gates(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    f, i, o, m, n = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(f), torch.sigmoid(i), torch.sigmoid(o), torch.sigmoid(m), torch.tanh(n)


def _update(a: Tensor, _: None, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    f, i, o, m, n = _gates(a)
    c = f * c + i * n
    squashed = torch.tanh(c)
    return m * squashed, c, o * squashed


@LAYERS.register(
    "mc_lstm",
    class_name="MCLSTM",
    paper=Paper(
        "Sequence Modeling Using a Memory Controller Extension for LSTM",
        "Itamar Ben-Ari, Ravid Shwartz-Ziv",
        2017,
        "https://www.ravid-shwartz-ziv.com/publication/squence2017/",
    ),
    kind="gated",
    description="LSTM with a memory controller: a fourth gate makes what is fed back, apart from what is put out",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/mc_lstm.py",
    exportable=True,
    double_backward=True,
)
class MCLSTM(GatedCell):
    """LSTM with a memory controller; the states are v and c, and the output h is neither.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (5H, I) and ``weight_hh`` (5H, H) hold f, i, o, m, n.

    Raises:
        ValueError: a size below 1.
    """

    states = ("v", "c")
    output = "h"
    forget_block = 0
    """Which of the blocks of H rows is the forget gate's."""
    stages = (Stage("v", 5, 5, _update, ("c",), ("v", "c", "h"), summed=True, gates=_gates, gate_names=GATES),)
