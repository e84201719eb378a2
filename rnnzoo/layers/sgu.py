"""The simple gated unit: the input multiplies the state, and so opens the only gate the candidate has.

x_g = W_g x_t + b_g
z_g = tanh(U_g (x_g * h_{t-1}) + b'_g)
n   = softplus(z_g * h_{t-1})
z   = hard_sigmoid(W_z x_t + b_z + U_z h_{t-1} + b'_z)
h_t = (1 - z) * h_{t-1} + z * n

Source: Gao, Glowacka, "Deep Gate Recurrent Neural Network", ACML 2016, arXiv 1604.02910. The paper has
neither b'_g nor b'_z. The hard sigmoid is torch's, min(max(v / 6 + 1/2, 0), 1).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._sgu import MEET, PAPER, modulation
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gates(_: None, u: Tensor, z: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    (z_g,) = modulation(_, u)
    return z_g, softplus(z_g * h)


def _update(_: None, u: Tensor, z: Tensor, h: Tensor) -> tuple[Tensor]:
    n = _gates(_, u, z, h)[1]
    return ((1 - z) * h + z * n,)


@LAYERS.register(
    "sgu",
    class_name="SGU",
    paper=PAPER,
    kind="gated",
    description="simple gated unit: the input multiplies the state, one gate mixes the result in",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/sgu.py",
    exportable=True,
    double_backward=True,
)
class SGU(GatedCell):
    """Simple gated unit; what it puts out is never negative, if it starts so.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, ``bias_ih`` and ``bias_hh``.
        recurrent_bias: with ``bias``, whether there is ``bias_hh``.
        device, dtype: of the parameters; ``weight_ih`` (2H, I) holds W_g and W_z, ``weight_hh`` (2H, H) U_z and U_g.

    Raises:
        ValueError: a size below 1.
    """

    stages = (
        MEET,
        Stage("xh", 0, 1, _update, ("z", "h"), ("h",), gates=_gates, gate_names=("modulation", "candidate")),
    )
