"""The ordered-neurons LSTM: two master gates keep the channels of the cell in order, the slow ones before the quick.

F = cumax(W_F x_t + b_F + U_F h_{t-1} + b'_F)          master forget gate, rises from 0 to 1 over the channels
I = 1 - cumax(W_I x_t + b_I + U_I h_{t-1} + b'_I)      master input gate, falls from 1 to 0
i, f, o = sigmoid(W x_t + b + U h_{t-1} + b')          each with weights of its own
g = tanh(W x_t + b + U h_{t-1} + b')
w = F * I                                              where they overlap, the LSTM's own gates decide
c_t = (f * w + F - w) * c_{t-1} + (i * w + I - w) * g
h_t = o * tanh(c_t)

cumax is the cumulative sum of a softmax. chunk_size=C: each of the H / C values of F and I is for C channels in a row.

Source: Shen, Tan, Sordoni, Courville, "Ordered Neurons: Integrating Tree Structures into Recurrent Neural Networks",
ICLR 2019, arXiv 1810.09536, section 4.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _master_gates(a: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    F, I = torch.softmax(a, -1).cumsum(-1).unbind(-2)  # (..., H / C) each
    return F, 1 - I


def _masters(chunk_size: int, a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    pair = _master_gates(a)
    return pair if chunk_size == 1 else tuple(m.repeat_interleave(chunk_size, -1) for m in pair)  # (..., H) each


def _gates(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    i, f, g, o = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def _update(a: Tensor, _: None, c: Tensor, F: Tensor, I: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = _gates(a)
    w = F * I
    c = (f * w + F - w) * c + (i * w + I - w) * g
    return o * torch.tanh(c), c


@LAYERS.register(
    "on_lstm",
    class_name="ONLSTM",
    paper=Paper(
        "Ordered Neurons: Integrating Tree Structures into Recurrent Neural Networks",
        "Yikang Shen, Shawn Tan, Alessandro Sordoni, Aaron Courville",
        2019,
        "https://arxiv.org/abs/1810.09536",
    ),
    kind="gated",
    description="LSTM whose channels are ordered by how long they keep: what one erases, all before it erase too",
    tiny={"input_size": 3, "hidden_size": 6, "chunk_size": 2},
    oracle="tests/oracles/on_lstm.py",
    exportable=True,
    double_backward=True,
)
class ONLSTM(GatedCell):
    """Ordered-neurons LSTM; the states are h and c.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        chunk_size: C, how many channels share a value of the master gates (the paper's language model: 10); above 1 the
            cell runs without native code, slower.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (2H/C + 4H, I) and ``weight_hh`` (2H/C + 4H, H) hold the master
            forget and input gates, H/C rows each, then i, f, g, o.

    Raises:
        ValueError: a size below 1, or ``chunk_size`` does not divide H.
    """

    states = ("h", "c")

    def __init__(self, input_size: int, hidden_size: int, *, chunk_size: int = 1, **common: Any) -> None:
        check_sizes(hidden_size=hidden_size, chunk_size=chunk_size)
        if hidden_size % chunk_size:
            raise ValueError(f"chunk_size is {chunk_size}; expected a divisor of hidden_size = {hidden_size}.")
        self.chunk_size = chunk_size
        names = (("master_forget", "master_input"), ("input", "forget", "candidate", "output"))
        self.stages = (
            Stage(
                "h",
                2,
                2,
                partial(_masters, chunk_size),
                (),
                ("F", "I"),
                pointwise=False,
                summed=True,
                size=hidden_size // chunk_size,
                gates=_master_gates,
                gate_names=names[0],
            ),
            Stage("h", 4, 4, _update, ("c", "F", "I"), self.states, summed=True, gates=_gates, gate_names=names[1]),
        )
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.chunk_size == 1 else f", chunk_size={self.chunk_size}")
