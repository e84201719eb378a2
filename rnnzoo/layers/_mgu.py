"""What the minimal gated units share: one gate, for the candidate's view of the state and for the mixture.

n = tanh(W x_t + b + U (f * h_{t-1}) + b')
h_t = (1 - f) * h_{t-1} + f * n

Source: Zhou, Wu, Zhang, Zhou, "Minimal Gated Unit for Recurrent Neural Networks", 2016, arXiv 1603.09420, eqs. 6, 7.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage

VARIATIONS = Paper(
    "Simplified Minimal Gated Unit Variations for Recurrent Neural Networks",
    "Joel Heck, Fathi M. Salem",
    2017,
    "https://arxiv.org/abs/1701.03452",
)


def _candidate(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.tanh(a[..., 0, :]),)  # (..., H)


def _mix(a: Tensor, _: None, f: Tensor, h: Tensor) -> tuple[Tensor]:
    (n,) = _candidate(a)
    return (torch.lerp(h, n, f),)


MIX = Stage("fh", 1, 1, _mix, ("f", "h"), ("h",), summed=True, gates=_candidate, gate_names=("candidate",))


def _forget(_: None, u: Tensor, *__: Any) -> tuple[Tensor]:
    return (torch.sigmoid(u[..., 0, :]),)  # (..., H)


def _veil(_: None, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    (f,) = _forget(_, u)
    return f, f * h


class StateGatedMGU(GatedCell):
    """A minimal gated unit whose gate sees the state alone."""

    stages = (
        Stage("h", 0, 1, _veil, ("h",), ("f", "fh"), gates=_forget, gate_names=("forget",), recurrent_bias=False),
        MIX,
    )
