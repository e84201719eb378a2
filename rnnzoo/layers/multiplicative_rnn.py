"""The multiplicative RNN: the input chooses the transition matrix, by a factorised tensor.

f_t = (V x_t) * (F h_{t-1})                the factors: diag(V x_t) F h_{t-1}
h_t = tanh(W x_t + b + G f_t + b')         so h_{t-1} goes through G diag(V x_t) F

Source: Sutskever, Martens, Hinton, "Generating Text with Recurrent Neural Networks", ICML 2011, section 3.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _factors(x: Tensor, u: Tensor) -> tuple[Tensor]:
    return (x[..., 0, :] * u[..., 0, :],)


def _update(a: Tensor, _: None) -> tuple[Tensor]:
    return (torch.tanh(a[..., 0, :]),)


@LAYERS.register(
    "multiplicative_rnn",
    class_name="MultiplicativeRNN",
    paper=Paper(
        "Generating Text with Recurrent Neural Networks",
        "Ilya Sutskever, James Martens, Geoffrey Hinton",
        2011,
        "https://icml.cc/2011/papers/524_icmlpaper.pdf",
    ),
    kind="gated",
    description="simple recurrent network whose transition matrix the input chooses, through factors",
    tiny={"input_size": 3, "hidden_size": 4, "factors": 5},
    oracle="tests/oracles/multiplicative_rnn.py",
    exportable=True,
    double_backward=True,
)
class MultiplicativeRNN(GatedCell):
    """Multiplicative RNN.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        factors: F, the number of factors; ``None``: H.
        bias: whether there are biases, b (``bias_ih``, (H,)) and b' (``bias_hh``, of the second product).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (F + H, I) holds V, then W. ``weight_hh_0`` (F, H) and
            ``weight_hh_1`` (H, F) are F and G; where F = H they are one, ``weight_hh`` (2H, H), and ``bias_hh`` (H,) is
            b', else ``bias_hh_1``.

    Raises:
        ValueError: a size below 1.
    """

    def __init__(self, input_size: int, hidden_size: int, *, factors: int | None = None, **common: Any) -> None:
        check_sizes(hidden_size=hidden_size, factors=hidden_size if factors is None else factors)
        self.factors = factors
        size = hidden_size if factors is None else factors
        self.sizes = {"f": size}
        self.stages = (
            Stage("h", 1, 1, _factors, (), ("f",), size=size, input_bias=False, recurrent_bias=False),
            Stage("f", 1, 1, _update, (), ("h",), summed=True),
        )
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.factors is None else f", factors={self.factors}")
