"""MUT2, the second of three recurrent units found by mutation: its reset gate sees the input unweighted.

z = sigmoid(W_z x_t + b_z + U_z h_{t-1} + b'_z)
r = sigmoid(v_t + b_r + U_r h_{t-1} + b'_r)                             v_t = x_t, or W_r x_t where I is not H
n = tanh(U_n (r * h_{t-1}) + b'_n + W_n x_t + b_n)
h_t = z * n + (1 - z) * h_{t-1}

Source: Jozefowicz, Zaremba, Sutskever, "An Empirical Exploration of Recurrent Network Architectures", ICML 2015.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._mut import DIFFERS, MIX, PAPER
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gates(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    return torch.sigmoid(a).unbind(-2)  # (..., H) each


def _veil(a: Tensor, _: None, h: Tensor) -> tuple[Tensor, Tensor]:
    z, r = _gates(a)
    return z, r * h


@LAYERS.register(
    "mut2",
    class_name="MUT2",
    paper=PAPER,
    kind="gated",
    description="GRU found by mutation, whose reset gate sees the input unweighted",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/mut2.py",
    exportable=True,
    double_backward=True,
    differs=DIFFERS,
)
class MUT2(GatedCell):
    """MUT2. The paper adds x_t to a value of width H: an input of another width than H is projected first.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``), (3H,) each: z, r, n.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) holds z, n, r, or z, n (2H, I) where I is H;
            ``weight_hh`` (3H, H) holds z, r, n.

    Raises:
        ValueError: a size below 1.
    """

    stages = (
        Stage("h", 2, 2, _veil, ("h",), ("z", "rh"), summed=True, gates=_gates, gate_names=("update", "reset")),
        MIX,
    )

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As the base's, without the projection where the input is as wide as the state."""
        blocks = 2 if self.input_size == self.hidden_size else 3
        return super().parameter_shapes() | {"weight_ih": (blocks * self.hidden_size, self.input_size)}

    def hoist(self, x: Tensor) -> Tensor:
        """x (..., I) to (..., 3H): the blocks of z, r (the input itself, or its projection) and n."""
        z, n, *projected = linear(x, self.weight_ih).split(self.hidden_size, -1)  # (..., H) each
        r = projected[0] if projected else x.to(z.dtype)
        product = torch.cat([z, r, n], -1)
        return product if self.bias_ih is None else product + self.bias_ih
