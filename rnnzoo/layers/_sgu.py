"""The two stages that SGU and DSGU share: the input multiplies the state, and a gate mixes the result in.

Source: Gao, Glowacka, "Deep Gate Recurrent Neural Network", ACML 2016, arXiv 1604.02910.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.ops.gated import Stage

PAPER = Paper(
    "Deep Gate Recurrent Neural Network",
    "Yuan Gao, Dorota Glowacka",
    2016,
    "https://arxiv.org/abs/1604.02910",
)


def hard_sigmoid(v: Tensor) -> Tensor:
    """min(max(v / 6 + 1/2, 0), 1), in terms that torch can differentiate twice."""
    return torch.clamp(v / 6 + 0.5, 0, 1)


def _update_gate(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    return (hard_sigmoid(x[..., 1, :] + u[..., 0, :]),)


def _meet(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    (z,) = _update_gate(x, u, h)
    return z, x[..., 0, :] * h


MEET = Stage("h", 2, 1, _meet, ("h",), ("z", "xh"), gates=_update_gate, gate_names=("update",))
"""z = hard sigmoid of x's second block and the state's product, and x's first block times the state."""


def modulation(_: None, u: Tensor, *rest: Tensor) -> tuple[Tensor]:
    """z_g = tanh(U_g (x_g * h) + b'): what the state is multiplied by."""
    return (torch.tanh(u[..., 0, :]),)
