"""LSTM with coupled input and forget gate: what is forgotten is what is written.

f = sigmoid(W_f x_t + b_f + U_f h_{t-1} + b'_f + p_f * c_{t-1})
i = 1 - f
g = tanh(W_g x_t + b_g + U_g h_{t-1} + b'_g)
c_t = f * c_{t-1} + i * g
o = sigmoid(W_o x_t + b_o + U_o h_{t-1} + b'_o + p_o * c_t)        of the new cell
h_t = o * tanh(c_t)

peepholes=False: without p_f and p_o. The paper computes i and takes f = 1 - i, which is the same cell with the signs of
the coupled gate's weights turned.

Source: Greff, Srivastava, Koutník, Steunebrink, Schmidhuber, "LSTM: A Search Space Odyssey", 2015, arXiv 1503.04069,
section 3 (the vanilla LSTM, with peepholes) and its variant CIFG.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("forget", "input", "candidate", "output")


def _peephole_gates(a: Tensor, _: None, c: Tensor, p_f: Tensor, p_o: Tensor) -> tuple[Tensor, ...]:
    f, g, o = a.unbind(-2)  # (..., H) each
    f, g = torch.sigmoid(torch.addcmul(f, p_f, c)), torch.tanh(g)
    i = 1 - f
    c = f * c + i * g  # the output gate looks at it
    return f, i, g, torch.sigmoid(torch.addcmul(o, p_o, c)), c


def _peephole_update(a: Tensor, u: None, c: Tensor, p_f: Tensor, p_o: Tensor) -> tuple[Tensor, Tensor]:
    *_, o, c = _peephole_gates(a, u, c, p_f, p_o)
    return o * torch.tanh(c), c


def _gates(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    f, g, o = a.unbind(-2)  # (..., H) each
    f = torch.sigmoid(f)
    return f, 1 - f, torch.tanh(g), torch.sigmoid(o)


def _update(a: Tensor, _: None, c: Tensor) -> tuple[Tensor, Tensor]:
    f, i, g, o = _gates(a)
    c = f * c + i * g
    return o * torch.tanh(c), c


PEEPHOLES = ("p_f", "p_o")
STATES = ("h", "c")
WITH_PEEPHOLES = (
    Stage("h", 3, 3, _peephole_update, ("c", *PEEPHOLES), STATES, summed=True, gates=_peephole_gates, gate_names=GATES),
)
WITHOUT = (Stage("h", 3, 3, _update, ("c",), STATES, summed=True, gates=_gates, gate_names=GATES),)


@LAYERS.register(
    "cifg",
    class_name="CIFG",
    paper=Paper(
        "LSTM: A Search Space Odyssey",
        "Klaus Greff, Rupesh K. Srivastava, Jan Koutník, Bas R. Steunebrink, Jürgen Schmidhuber",
        2015,
        "https://arxiv.org/abs/1503.04069",
    ),
    kind="gated",
    description="LSTM with coupled input and forget gate: the cell is a running average of candidates",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/cifg.py",
    exportable=True,
    double_backward=True,
)
class CIFG(GatedCell):
    """LSTM with coupled input and forget gate; the states are h and c.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        peepholes: whether the gates look at the cell, as in the paper's vanilla LSTM.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) and ``weight_hh`` (3H, H) hold f, g, o; the peepholes
            are ``p_f``, ``p_o`` (H,).

    Raises:
        ValueError: a size below 1.
    """

    states = STATES
    forget_block = 0
    """Which of the blocks of H rows is the forget gate's."""

    def __init__(self, input_size: int, hidden_size: int, *, peepholes: bool = True, **common: Any) -> None:
        self.peepholes = peepholes
        self.stages = WITH_PEEPHOLES if peepholes else WITHOUT
        self.vectors = PEEPHOLES if peepholes else ()
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.peepholes else ", peepholes=False")
