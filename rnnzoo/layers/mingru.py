"""minGRU: a GRU whose gate and candidate do not look at the state, so that all of time runs in parallel.

z_t = sigmoid(W_z x_t + b_z)
c_t = W_h x_t + b_h                      form="log": g(W_h x_t + b_h), which is positive
h_t = (1 - z_t) * h_{t-1} + z_t * c_t

Source: Feng, Tung, Ahmed, Bengio, Hajimirsadeghi, "Were RNNs All We Needed?", 2024, arXiv 2410.01201, section 3.1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.layers._minimal import PAPER, MinimalCell
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "mingru",
    class_name="MinGRU",
    paper=PAPER,
    kind="scan",
    description="GRU without the state in its gate and candidate: a convex recurrence, parallel over time",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/mingru.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class MinGRU(MinimalCell):
    """minGRU; arguments as `MinimalCell`. ``weight_ih`` (2H, I) and ``bias_ih`` (2H,) hold z, then h."""

    blocks = 2
    gate_names = ("update", "candidate")

    def activate(self, k: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """z and the candidate, each (..., H), of the products (..., H)."""
        return torch.sigmoid(k), self.candidate(c)

    def coefficients(self, z: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """a = 1 - z and b = z * c, each (..., H)."""
        return 1 - z, z * c
