"""JANET, "just another network": an LSTM of which only the forget gate is left.

s = W_s x_t + b_s + U_s h_{t-1} + b'_s
n = tanh(W_n x_t + b_n + U_n h_{t-1} + b'_n)
h_t = sigmoid(s) * h_{t-1} + (1 - sigmoid(s - beta)) * n               the cell is the output: c = h

Source: van der Westhuizen, Lasenby, "The Unreasonable Effectiveness of the Forget Gate", 2018, arXiv 1804.04849; the
biases' initial values, and beta = 1, as in the authors' code (JosvanderWesthuizen/janet).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("forget", "input", "candidate")


def _gates(a: Tensor, _: None, h: Tensor, beta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    s, n = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(s), torch.sigmoid(beta - s), torch.tanh(n)


def _update(a: Tensor, _: None, h: Tensor, beta: Tensor) -> tuple[Tensor]:
    f, i, n = _gates(a, _, h, beta)
    return (f * h + i * n,)


@LAYERS.register(
    "janet",
    class_name="JANET",
    paper=Paper(
        "The Unreasonable Effectiveness of the Forget Gate",
        "Jos van der Westhuizen, Joan Lasenby",
        2018,
        "https://arxiv.org/abs/1804.04849",
    ),
    kind="gated",
    description="LSTM with the forget gate alone, which also lets in what it makes room for",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/janet.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent learns beta and returns the state twice; its steps are equal (tests/peers/"
    "test_gru_family_vs_torchrecurrent.py).",
)
class JANET(GatedCell):
    """JANET; the state is h.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        beta: how much more than an LSTM with tied gates it lets in; at 0 input and forget gate sum to 1.
        longest: the longest dependency in the data, in steps, for the chrono initialisation that the paper's results
            use: forget biases log(u) with u uniform in 1 to ``longest``. ``None``: they are 1, as in the authors' code
            when they do not know it.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``); but the forget gate's they begin at 0.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (2H, I) and ``weight_hh`` (2H, H) hold s, n.

    Raises:
        ValueError: a size below 1, a beta that is not finite, or ``longest`` not above 1.
    """

    forget_block = 0
    """Which of the blocks of H rows is the forget gate's."""

    vectors = ("beta",)
    stages = (Stage("h", 2, 2, _update, ("h", "beta"), ("h",), summed=True, gates=_gates, gate_names=GATES),)
    beta: Tensor

    def __init__(
        self, input_size: int, hidden_size: int, *, beta: float = 1.0, longest: float | None = None, **common: Any
    ) -> None:
        if not math.isfinite(beta):
            raise ValueError(f"beta is {beta}; expected a finite number, such as the paper's 1.")
        if longest is not None and not (math.isfinite(longest) and longest > 1):
            raise ValueError(f"longest is {longest}; expected a number of steps above 1, or None where it is unknown.")
        self.shift, self.longest = float(beta), longest
        super().__init__(input_size, hidden_size, **common)
        values = torch.full((hidden_size,), self.shift, device=self.weight_ih.device, dtype=self.weight_ih.dtype)
        self.register_buffer("beta", values, persistent=False)  # a constant: what the constructor says is what holds

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As the base's, without beta, which is not learned."""
        shapes = super().parameter_shapes()
        return {name: shape for name, shape in shapes.items() if name != "beta"}

    def reset_parameters(self) -> None:
        """Weights as the base; biases 0, the forget gate's 1 or chrono."""
        super().reset_parameters()
        for bias in (self.bias_ih, self.bias_hh):
            if bias is not None:
                nn.init.zeros_(bias)
        if self.bias_ih is not None:
            gate = self.bias_ih[: self.hidden_size]
            with torch.no_grad():
                gate.fill_(1) if self.longest is None else gate.uniform_(1, self.longest).log_()

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        beta = "" if self.shift == 1 else f", beta={self.shift:g}"
        return super().extra_repr() + beta + ("" if self.longest is None else f", longest={self.longest:g}")
