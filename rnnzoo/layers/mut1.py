"""MUT1, the first of three recurrent units found by mutation: its update gate sees the input alone.

z = sigmoid(W_z x_t + b_z)
r = sigmoid(W_r x_t + b_r + U_r h_{t-1} + b'_r)
n = tanh(U_n (r * h_{t-1}) + tanh(v_t) + b_n + b'_n)                    v_t = x_t, or W_n x_t where I is not H
h_t = z * n + (1 - z) * h_{t-1}

Source: Jozefowicz, Zaremba, Sutskever, "An Empirical Exploration of Recurrent Network Architectures", ICML 2015.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._mut import DIFFERS, PAPER
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _reset(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.sigmoid(a[..., 0, :]),)  # (..., H)


def _veil(a: Tensor, _: None, h: Tensor) -> tuple[Tensor]:
    (r,) = _reset(a)
    return (r * h,)


def _gates(x: Tensor, u: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    return torch.sigmoid(x[..., 0, :]), torch.tanh(x[..., 1, :] + u[..., 0, :])  # (..., H) each


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    z, n = _gates(x, u)
    return (torch.lerp(h, n, z),)


@LAYERS.register(
    "mut1",
    class_name="MUT1",
    paper=PAPER,
    kind="gated",
    description="GRU found by mutation, whose update gate sees the input alone",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/mut1.py",
    exportable=True,
    double_backward=True,
    differs=DIFFERS,
)
class MUT1(GatedCell):
    """MUT1. The paper adds tanh(x_t) to a value of width H: an input of another width than H is projected first.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, b (``bias_ih``: r, z, n) and b' (``bias_hh``: r, n).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) holds r, z, n, or r, z (2H, I) where I is H;
            ``weight_hh`` (2H, H) holds r, n.

    Raises:
        ValueError: a size below 1.
    """

    stages = (
        Stage("h", 1, 1, _veil, ("h",), ("rh",), summed=True, gates=_reset, gate_names=("reset",)),
        Stage("rh", 2, 1, _update, ("h",), ("h",), gates=_gates, gate_names=("update", "candidate")),
    )

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As the base's, without the projection where the input is as wide as the state."""
        blocks = 2 if self.input_size == self.hidden_size else 3
        return super().parameter_shapes() | {"weight_ih": (blocks * self.hidden_size, self.input_size)}

    def hoist(self, x: Tensor) -> Tensor:
        """x (..., I) to (..., 3H): the products of r and z, and tanh(v) + b_n."""
        H = self.hidden_size
        b_g, b_n = (None, None) if self.bias_ih is None else self.bias_ih.split((2 * H, H))
        v = x if self.input_size == H else linear(x, self.weight_ih[2 * H :])  # (..., H)
        gates, v = linear(x, self.weight_ih[: 2 * H], b_g), torch.tanh(v)  # (..., 2H), (..., H)
        return torch.cat([gates, (v if b_n is None else v + b_n).to(gates.dtype)], -1)
