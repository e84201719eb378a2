"""Aaren: attention of a learned query over all steps so far, as a recurrence.

k_t, v_t = K x_t, V x_t                                     (heads, H / heads) each
s_t = q . k_t                                               (heads,)
m_t = max(m_{t-1}, s_t)
u_t = u_{t-1} e^(m_{t-1} - m_t) + e^(s_t - m_t)             (heads,)
w_t = w_{t-1} e^(m_{t-1} - m_t) + e^(s_t - m_t) v_t         (heads, H / heads)
y_t = w_t / u_t

which is sum_{i<=t} softmax(s_1, ..., s_t)_i v_i.

Source: Feng, Tung, Hajimirsadeghi, Ahmed, Bengio, Mori, "Attention as an RNN", 2024, arXiv 2405.13956.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._softmax import SoftmaxCell
from rnnzoo.ops.softmax_scan import softmax_scan
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "aaren",
    class_name="Aaren",
    paper=Paper(
        "Attention as an RNN",
        "Leo Feng, Frederick Tung, Hossein Hajimirsadeghi, Mohamed Osama Ahmed, Yoshua Bengio, Greg Mori",
        2024,
        "https://arxiv.org/abs/2405.13956",
    ),
    kind="scan",
    description="softmax attention of a learned query over all steps so far, in constant memory",
    tiny={"input_size": 3, "hidden_size": 4, "heads": 2},
    oracle="tests/oracles/aaren.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class Aaren(SoftmaxCell):
    """Aaren: the attention alone, without the norm, the feed-forward layers and the residuals of the paper's blocks.

    The paper's query token goes through the attention's query projection; what counts of both is one vector a head,
    learned here itself, with any scale of the scores in it. Nor is there a projection of the heads' outputs: the next
    layer's begins with one.

    Parameters: ``weight_ih`` (2H, I), K, then V; ``bias_ih`` (H,) of V (one of K would move all scores alike, and
    change nothing); ``query`` (H,), the heads' one after another. The state is m and u (heads,) and w
    (heads, H / heads).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        bias: whether the values have a bias.
        heads: the attentions side by side, a divisor of H.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, or heads that do not divide H.
    """

    query: nn.Parameter

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True, heads: int = 1, **common: Any) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size, heads=heads)
        if hidden_size % heads:
            raise ValueError(f"heads is {heads} and hidden_size is {hidden_size}; expected a divisor of hidden_size.")
        self.heads = heads
        self.weights = ("weight_ih", "bias_ih", "query") if bias else ("weight_ih", "query")
        w = (heads, hidden_size // heads)
        self.shapes = {"weight_ih": (2 * hidden_size, input_size), "m": (heads,), "u": (heads,), "w": w}
        super().__init__(input_size, hidden_size, bias=bias, **common)

    def gates(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (B, T, heads) and values (B, T, heads, H / heads) of x (B, T, I)."""
        k, v = self.split(linear(x, self.weight_ih))  # (B, T, H) each
        bias = self.bias_ih if self.bias else None
        v = v if bias is None else v + bias
        return (k * self.query).unflatten(-1, (self.heads, -1)).sum(-1), v.unflatten(-1, (self.heads, -1))

    def recurrence(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[State, State]:
        """As `ScanCell.recurrence`."""
        s, v = values
        return softmax_scan(s, v, state, lengths=lengths, backend=backend)

    def readout(self, m: Tensor, u: Tensor, w: Tensor, s: Tensor, v: Tensor) -> Tensor:
        """w / u (B, T, H)."""
        u = torch.where(u == 0, 1, u)  # beyond a row's length, where the sums are empty
        return (w / u.unsqueeze(-1)).flatten(-2)
