"""minLSTM: an LSTM whose gates and candidate do not look at the state, its two gates scaled to sum to one.

f_t = sigmoid(W_f x_t + b_f)
i_t = sigmoid(W_i x_t + b_i)
c_t = W_h x_t + b_h                      form="log": g(W_h x_t + b_h), which is positive
h_t = f_t / (f_t + i_t) * h_{t-1} + i_t / (f_t + i_t) * c_t

The quotient is sigmoid(log i_t - log f_t), which cannot become 0 / 0.

Source: Feng, Tung, Ahmed, Bengio, Hajimirsadeghi, "Were RNNs All We Needed?", 2024, arXiv 2410.01201, section 3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from rnnzoo.layers._minimal import PAPER, MinimalCell
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "minlstm",
    class_name="MinLSTM",
    paper=PAPER,
    kind="scan",
    description="LSTM without the state in its gates, which sum to one: a convex recurrence, parallel over time",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/minlstm.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class MinLSTM(MinimalCell):
    """minLSTM; arguments as `MinimalCell`. ``weight_ih`` (3H, I) and ``bias_ih`` (3H,) hold f, i, then h."""

    blocks = 3
    gate_names = ("forget", "input", "candidate")

    def activate(self, f: Tensor, i: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """f / (f + i), i / (f + i) and the candidate, each (..., H), of the products (..., H)."""
        i = torch.sigmoid(logsigmoid(i) - logsigmoid(f))
        return 1 - i, i, self.candidate(c)

    def coefficients(self, f: Tensor, i: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """a = f / (f + i) and b = i / (f + i) * c, each (..., H)."""
        return f, i * c
