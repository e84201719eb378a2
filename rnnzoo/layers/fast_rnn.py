"""FastRNN: a simple recurrent network with a weighted residual connection.

n = phi(W x_t + b + U h_{t-1} + b')
h_t = sigmoid(alpha) * n + sigmoid(beta) * h_{t-1}            two scalars

Source: Kusupati, Singh, Bhatia, Kumar, Jain, Varma, "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated
Recurrent Neural Network", NeurIPS 2018, arXiv 1901.02358; initial values and low ranks as in the authors'
code (microsoft/EdgeML).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._low_rank import LowRankCell
from rnnzoo.layers._nonlinearities import nonlinearity as chosen
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _update(
    a: Tensor, _: None, h: Tensor, alpha: Tensor, beta: Tensor, *, function: Callable[[Tensor], Tensor]
) -> tuple[Tensor]:
    return (alpha * function(a[..., 0, :]) + beta * h,)


@LAYERS.register(
    "fast_rnn",
    class_name="FastRNN",
    paper=Paper(
        "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated Recurrent Neural Network",
        "Aditya Kusupati, Manish Singh, Kush Bhatia, Ashish Kumar, Prateek Jain, Manik Varma",
        2018,
        "https://arxiv.org/abs/1901.02358",
    ),
    kind="gated",
    description="simple recurrent network with a residual connection weighted by two learned scalars",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/fast_rnn.py",
    exportable=True,
    double_backward=True,
)
class FastRNN(LowRankCell):
    """FastRNN.

    With tanh and sigmoid(alpha) + sigmoid(beta) <= 1 no unit of the state exceeds 1, or what it started from. At first
    alpha is -3 and beta 3, as in the authors' code; torchrecurrent starts the other way round.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        nonlinearity: phi: "tanh", "sigmoid" or "relu".
        input_rank, recurrent_rank: the ranks of W and of U; None: full.
        bias: whether there are biases, b (``bias_ih``, at first 1) and b' (``bias_hh``, at first 0).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), U ``weight_hh`` (H, H), at first normal with
            deviation 0.1; ``alpha`` and ``beta`` (1,). Where W has a rank R it is ``weight_ih`` (H, R) times
            ``weight_ih_low`` (R, I), and U likewise ``weight_hh`` (H, R) times ``weight_hh_low`` (R, H).

    Raises:
        ValueError: a size or a rank below 1.
        UnknownName: a nonlinearity that is none of the three.
    """

    alpha: nn.Parameter
    beta: nn.Parameter
    vectors = ("alpha", "beta")
    sizes = MappingProxyType({"alpha": 1, "beta": 1})

    def __init__(self, input_size: int, hidden_size: int, *, nonlinearity: str = "tanh", **common: Any) -> None:
        update = partial(_update, function=chosen(nonlinearity, ("relu", "sigmoid", "tanh")))
        self.nonlinearity = nonlinearity
        self.stages = (Stage("h", 1, 1, update, ("h", "alpha", "beta"), ("h",), summed=True),)
        super().__init__(input_size, hidden_size, **common)

    def reset_parameters(self) -> None:
        """Weights normal with deviation 0.1, b = 1, alpha = -3, beta = 3."""
        for name, parameter in self.named_parameters():
            if name.startswith("weight"):
                nn.init.normal_(parameter, std=0.1)
        for bias, value in ((self.bias_ih, 1.0), (self.bias_hh, 0.0), (self.alpha, -3.0), (self.beta, 3.0)):
            if bias is not None:
                nn.init.constant_(bias, value)

    def vector_weights(self) -> dict[str, Tensor]:
        """The two scalars, between 0 and 1, for every channel."""
        return {name: torch.sigmoid(getattr(self, name)).expand(self.hidden_size) for name in self.vectors}

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity='{self.nonlinearity}'")
