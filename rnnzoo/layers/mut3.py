"""MUT3, the third of three recurrent units found by mutation: its update gate sees the state squashed once more.

z = sigmoid(W_z x_t + b_z + U_z tanh(h_{t-1}) + b'_z)
r = sigmoid(W_r x_t + b_r + U_r h_{t-1} + b'_r)
n = tanh(U_n (r * h_{t-1}) + b'_n + W_n x_t + b_n)
h_t = z * n + (1 - z) * h_{t-1}

Source: Jozefowicz, Zaremba, Sutskever, "An Empirical Exploration of Recurrent Network Architectures", ICML 2015.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._mut import MIX, PAPER
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gate(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.sigmoid(a[..., 0, :]),)  # (..., H)


def _reset(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.sigmoid(a[..., 0, :]),)  # (..., H)


def _veil(a: Tensor, _: None, h: Tensor) -> tuple[Tensor, Tensor]:
    (r,) = _reset(a)
    return r * h, torch.tanh(h)


def _update(a: Tensor, *_: Any) -> tuple[Tensor]:
    return _gate(a)


@LAYERS.register(
    "mut3",
    class_name="MUT3",
    paper=PAPER,
    kind="gated",
    description="GRU found by mutation, whose update gate sees the tanh of the state",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/mut3.py",
    exportable=True,
    double_backward=True,
)
class MUT3(GatedCell):
    """MUT3.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) and ``weight_hh`` (3H, H) hold r, z, n.

    Raises:
        ValueError: a size below 1.
    """

    stages = (
        Stage("h", 1, 1, _veil, ("h",), ("rh", "squashed"), summed=True, gates=_reset, gate_names=("reset",)),
        Stage("squashed", 1, 1, _update, (), ("z",), summed=True, gates=_gate, gate_names=("update",)),
        MIX,
    )
