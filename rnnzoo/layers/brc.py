"""The bistable recurrent cell: a unit's feedback on itself is modulated; where it is strong, it holds a value.

a_t = 1 + tanh(U_a x_t + b_a + w_a * h_{t-1})         from 0 to 2; above 1 the unit is bistable
c_t = sigmoid(U_c x_t + b_c + w_c * h_{t-1})
h_t = c_t * h_{t-1} + (1 - c_t) * tanh(U x_t + b + a_t * h_{t-1})

Source: Vecoven, Ernst, Drion, "A bio-inspired bistable recurrent cell allows for long-lasting memory", PLoS ONE 16(6),
2021, arXiv 2006.05252. The paper's equations have no biases, the authors' code (nvecoven/BRC) b_a and b_c.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("modulation", "update", "candidate")


def _gates(x: Tensor, _: None, h: Tensor, w_a: Tensor, w_c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    a, c, n = x.unbind(-2)  # (..., H) each
    a = 1 + torch.tanh(torch.addcmul(a, w_a, h))
    return a, torch.sigmoid(torch.addcmul(c, w_c, h)), torch.tanh(torch.addcmul(n, a, h))


def _update(x: Tensor, u: None, h: Tensor, w_a: Tensor, w_c: Tensor) -> tuple[Tensor]:
    _, c, n = _gates(x, u, h, w_a, w_c)
    return (c * h + (1 - c) * n,)


@LAYERS.register(
    "brc",
    class_name="BRC",
    paper=Paper(
        "A bio-inspired bistable recurrent cell allows for long-lasting memory",
        "Nicolas Vecoven, Damien Ernst, Guillaume Drion",
        2020,
        "https://arxiv.org/abs/2006.05252",
    ),
    kind="elementwise",
    description="bistable recurrent cell: feedback that is strong enough keeps one of two values for ever",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/brc.py",
    exportable=True,
    double_backward=True,
)
class BRC(OneBiasCell):
    """Bistable recurrent cell.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases (``bias_ih``).
        device, dtype: of the parameters; ``weight_ih`` (3H, I) and ``bias_ih`` (3H,) hold a, c and the candidate;
            ``w_a`` and ``w_c`` are (H,).

    Raises:
        ValueError: a size below 1.
    """

    vectors = ("w_a", "w_c")
    stages = (Stage(None, 3, 0, _update, ("h", "w_a", "w_c"), ("h",), gates=_gates, gate_names=GATES),)

    def reset_parameters(self) -> None:
        """Each U after Glorot, w_a and w_c 1, biases 0: the authors'."""
        for block in self.weight_ih.chunk(3):
            nn.init.xavier_uniform_(block)
        for name, parameter in self.named_parameters():
            if name != "weight_ih":
                nn.init.constant_(parameter, 1.0 if name in self.vectors else 0.0)
