"""QRNN: causal convolutions give a candidate and gates, and a pooling without weights runs over time.

z_t = tanh(W_z * X)_t        f_t = sigmoid(W_f * X)_t        o_t = sigmoid(W_o * X)_t        i_t = sigmoid(W_i * X)_t
pooling="f":    c_t = f_t * c_{t-1} + (1 - f_t) * z_t,      h_t = c_t
pooling="fo":   c_t = f_t * c_{t-1} + (1 - f_t) * z_t,      h_t = o_t * c_t
pooling="ifo":  c_t = f_t * c_{t-1} + i_t * z_t,            h_t = o_t * c_t

W * X is a convolution over time in which step t sees x_{t-k+1} to x_t, with biases.

Source: Bradbury, Merity, Xiong, Socher, "Quasi-Recurrent Neural Networks", 2016, arXiv 1611.01576, section 2, eqs. 1-5.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._scan import ScanCell
from rnnzoo.registry import LAYERS, unknown

GATES = {
    "f": ("candidate", "forget"),
    "fo": ("candidate", "forget", "output"),
    "ifo": ("candidate", "forget", "output", "input"),
}
"""The blocks of each pooling, in their order."""


@LAYERS.register(
    "qrnn",
    class_name="QRNN",
    paper=Paper(
        "Quasi-Recurrent Neural Networks",
        "James Bradbury, Stephen Merity, Caiming Xiong, Richard Socher",
        2016,
        "https://arxiv.org/abs/1611.01576",
    ),
    kind="scan",
    description="gates from a causal convolution, then a pooling over time without recurrent weights",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/qrnn.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class QRNN(ScanCell):
    """Quasi-recurrent neural network. Its state is c (B, H) and, for a window above 1, the last inputs (B, k - 1, I).

    The authors' pytorch-qrnn has the forget gate the other way round (f multiplies the candidate, which is 1 - f here),
    windows of 1 and 2, and lets no gradient through the inputs it carries from one sequence to the next.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether the convolutions have a bias, ``bias_ih``.
        window: k, the steps of the input that a step sees.
        pooling: "f", "fo" or "ifo".
        device, dtype: of the parameters: ``weight_ih`` (N H, I, k), whose last tap is the step's own, and ``bias_ih``
            (N H,) hold the N blocks z, f for "f"; z, f, o for "fo"; z, f, o, i for "ifo".

    Raises:
        ValueError: a size or the window below 1.
        UnknownName: no such pooling.
    """

    states = ("c",)
    keep_block = 1  # of the blocks of H rows, the forget gate's
    convolution = True

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        window: int = 2,
        pooling: Literal["f", "fo", "ifo"] = "fo",
        **common: Any,
    ) -> None:
        if pooling not in GATES:
            raise unknown("pooling", pooling, GATES)
        self.window, self.pooling = window, pooling
        self.gate_names, self.blocks = GATES[pooling], len(GATES[pooling])
        super().__init__(input_size, hidden_size, **common)

    def activate(self, z: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """z, f and, where the pooling has them, o and i, each (..., H), of the products (..., H)."""
        return torch.tanh(z), *map(torch.sigmoid, rest)

    def coefficients(
        self, z: Tensor, f: Tensor, o: Tensor | None = None, i: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """a = f and b = (1 - f) * z, or i * z with an input gate."""
        return f, (1 - f if i is None else i) * z

    def readout(self, c: Tensor, z: Tensor, f: Tensor, o: Tensor | None = None, i: Tensor | None = None) -> Tensor:
        """h = o * c, or c without an output gate."""
        return c if o is None else o * c

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        window = "" if self.window == 2 else f", window={self.window}"
        return super().extra_repr() + window + ("" if self.pooling == "fo" else f", pooling='{self.pooling}'")
