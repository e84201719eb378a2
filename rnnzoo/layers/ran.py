"""The recurrent additive network: its cell is a weighted sum of the inputs, and the gates only set the weights.

n = W_n x_t                                                             the content: linear, of the input alone
i = sigmoid(W_i x_t + b_i + U_i h_{t-1} + b'_i)
f = sigmoid(W_f x_t + b_f + U_f h_{t-1} + b'_f)
c_t = i * n + f * c_{t-1}
h_t = tanh(c_t), or c_t

Source: Lee, Levy, Zettlemoyer, "Recurrent Additive Networks", 2017, arXiv 1705.07393, eq. 1, and the authors' code
(kentonl/ran).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown


def _gates(x: Tensor, u: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    i, f = torch.sigmoid(x[..., 1:, :] + u).unbind(-2)  # (..., H) each
    return i, f, x[..., 0, :]


def _identity(x: Tensor, u: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    i, f, n = _gates(x, u)
    c = f * c + i * n
    return c, c


def _tanh(x: Tensor, u: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    _, c = _identity(x, u, c)
    return torch.tanh(c), c


NONLINEARITIES = {"tanh": _tanh, "identity": _identity}


@LAYERS.register(
    "ran",
    class_name="RAN",
    paper=Paper(
        "Recurrent Additive Networks",
        "Kenton Lee, Omer Levy, Luke Zettlemoyer",
        2017,
        "https://arxiv.org/abs/1705.07393",
    ),
    kind="gated",
    description="LSTM whose content is linear in the input alone: the cell is a weighted sum of the inputs",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/ran.py",
    exportable=True,
    double_backward=True,
)
class RAN(GatedCell):
    """Recurrent additive network; the states are h and c.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        nonlinearity: "tanh" or "identity", from c to h.
        bias: whether the gates have biases, b (``bias_ih``) and b' (``bias_hh``), (2H,) each; the content has none.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) holds n, i, f; ``weight_hh`` (2H, H) and the biases
            hold i, f.

    Raises:
        ValueError: a size below 1.
        UnknownName: a nonlinearity that is neither.
    """

    states = ("h", "c")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        nonlinearity: Literal["tanh", "identity"] = "tanh",
        **common: Any,
    ) -> None:
        if nonlinearity not in NONLINEARITIES:
            raise unknown("nonlinearity", nonlinearity, NONLINEARITIES)
        update, names = NONLINEARITIES[nonlinearity], ("input", "forget", "candidate")
        self.nonlinearity = nonlinearity
        self.stages = (Stage("h", 3, 2, update, ("c",), ("h", "c"), gates=_gates, gate_names=names),)
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As the base's, without a bias of the content."""
        return super().parameter_shapes() | ({"bias_ih": (2 * self.hidden_size,)} if self.bias else {})

    def input_bias(self) -> Tensor | None:
        """Zeros for the content, then the gates'."""
        return None if self.bias_ih is None else pad(self.bias_ih, (self.hidden_size, 0))

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity='{self.nonlinearity}'")
