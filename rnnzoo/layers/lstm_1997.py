"""Long short-term memory as first published: no forget gate, so that what the cell holds stays until it is added to.

i, o = sigmoid(W x_t + b + U h_{t-1} + b')         each with weights of its own
g = g(W x_t + b + U h_{t-1} + b')
c_t = c_{t-1} + i * g                              the constant error carousel
h_t = o * h(c_t)

squashing="logistic", the paper's: g(a) = 4 sigmoid(a) - 2, h(a) = 2 sigmoid(a) - 1; squashing="tanh": both are tanh.

Source: Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, section 4 and equations 3 to 5
of its appendix A.1; memory cell blocks of size one, gates that see the input and the outputs of the cells.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown

GATES = ("input", "candidate", "output")


def _logistic_gates(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    i, g, o = torch.sigmoid(a).unbind(-2)  # (..., H) each
    return i, 4 * g - 2, o


def _logistic(a: Tensor, _: None, c: Tensor) -> tuple[Tensor, Tensor]:
    i, g, o = _logistic_gates(a)
    c = c + i * g
    return o * (2 * torch.sigmoid(c) - 1), c


def _tanh_gates(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    i, g, o = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(i), torch.tanh(g), torch.sigmoid(o)


def _tanh(a: Tensor, _: None, c: Tensor) -> tuple[Tensor, Tensor]:
    i, g, o = _tanh_gates(a)
    c = c + i * g
    return o * torch.tanh(c), c


SQUASHINGS = {"logistic": (_logistic, _logistic_gates), "tanh": (_tanh, _tanh_gates)}


@LAYERS.register(
    "lstm_1997",
    class_name="OriginalLSTM",
    paper=Paper(
        "Long Short-Term Memory",
        "Sepp Hochreiter, Jürgen Schmidhuber",
        1997,
        "https://doi.org/10.1162/neco.1997.9.8.1735",
    ),
    kind="gated",
    description="LSTM of 1997, without a forget gate: the cell is a sum that nothing decays",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/lstm_1997.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent's OriginalLSTM squashes by tanh, as squashing='tanh' does "
    "(tests/peers/test_lstm_family_vs_torchrecurrent.py)",
)
class OriginalLSTM(GatedCell):
    """LSTM without a forget gate; the states are h and c.

    The paper truncates the gradient at the gates' inputs; here it is whole. torchrecurrent's layer of this name
    squashes by tanh, as ``squashing="tanh"`` does.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        squashing: "logistic", candidates in (-2, 2) and outputs in (-1, 1) by the paper's scaled logistic functions, or
            "tanh".
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) and ``weight_hh`` (3H, H) hold i, g, o.

    Raises:
        ValueError: a size below 1.
        UnknownName: a squashing that is neither.
    """

    states = ("h", "c")

    def __init__(
        self, input_size: int, hidden_size: int, *, squashing: Literal["logistic", "tanh"] = "logistic", **common: Any
    ) -> None:
        if squashing not in SQUASHINGS:
            raise unknown("squashing", squashing, SQUASHINGS)
        self.squashing = squashing
        update, gates = SQUASHINGS[squashing]
        self.stages = (Stage("h", 3, 3, update, ("c",), self.states, summed=True, gates=gates, gate_names=GATES),)
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.squashing == "logistic" else f", squashing='{self.squashing}'")
