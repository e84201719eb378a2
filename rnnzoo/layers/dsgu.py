"""The deep simple gated unit: an SGU whose candidate passes one more weight, and a sigmoid.

x_g = W_g x_t + b_g
z_g = tanh(U_g (x_g * h_{t-1}) + b'_g)
n   = sigmoid(U_o (z_g * h_{t-1}) + b'_o)
z   = hard_sigmoid(W_z x_t + b_z + U_z h_{t-1} + b'_z)
h_t = (1 - z) * h_{t-1} + z * n

Source: Gao, Glowacka, "Deep Gate Recurrent Neural Network", ACML 2016, arXiv 1604.02910. The paper has
neither b'_g nor b'_o nor b'_z. The hard sigmoid is torch's, min(max(v / 6 + 1/2, 0), 1).
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._sgu import MEET, PAPER, modulation
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _modulate(_: None, u: Tensor, h: Tensor) -> tuple[Tensor]:
    (z_g,) = modulation(_, u)
    return (z_g * h,)


def _candidate(_: None, u: Tensor, *rest: Tensor) -> tuple[Tensor]:
    return (torch.sigmoid(u[..., 0, :]),)


def _update(_: None, u: Tensor, z: Tensor, h: Tensor) -> tuple[Tensor]:
    (n,) = _candidate(_, u)
    return ((1 - z) * h + z * n,)


@LAYERS.register(
    "dsgu",
    class_name="DSGU",
    paper=PAPER,
    kind="gated",
    description="deep simple gated unit: an SGU with one more weight before its candidate",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/dsgu.py",
    exportable=True,
    double_backward=True,
)
class DSGU(GatedCell):
    """Deep simple gated unit; the state lies between 0 and 1.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, ``bias_ih`` and ``bias_hh``.
        recurrent_bias: with ``bias``, whether there is ``bias_hh``.
        device, dtype: of the parameters; ``weight_ih`` (2H, I) holds W_g and W_z, ``weight_hh`` (3H, H) U_z, U_g, U_o.

    Raises:
        ValueError: a size below 1.
    """

    stages = (
        MEET,
        Stage("xh", 0, 1, _modulate, ("h",), ("gh",), gates=modulation, gate_names=("modulation",)),
        Stage("gh", 0, 1, _update, ("z", "h"), ("h",), gates=_candidate, gate_names=("candidate",)),
    )
