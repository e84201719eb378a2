"""The neuromodulated bistable recurrent cell: a unit can latch on to one of two states, and others set when.

a = 1 + tanh(W_a x_t + b_a + U_a h_{t-1} + b'_a)              feedback, between 0 and 2; above 1 the unit is bistable
c = sigmoid(W_c x_t + b_c + U_c h_{t-1} + b'_c)               how much is kept
h_t = c * h_{t-1} + (1 - c) * tanh(W x_t + b + a * h_{t-1})

Source: Vecoven, Ernst, Drion, "A bio-inspired bistable recurrent cell allows for long-lasting memory", PLOS ONE 16(6),
2021, arXiv 2006.05252; with per-channel weights in place of U_a and U_c it is the BRC. The paper has no biases; the
authors' code (nvecoven/BRC) has b_a and b_c, and none beside W.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("feedback", "update", "candidate")


def _gates(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    a, c, n = x.unbind(-2)  # (..., H) each
    a, c = 1 + torch.tanh(a + u[..., 0, :]), torch.sigmoid(c + u[..., 1, :])
    return a, c, torch.tanh(torch.addcmul(n, a, h))


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    _, c, n = _gates(x, u, h)
    return (c * h + (1 - c) * n,)


@LAYERS.register(
    "nbrc",
    class_name="NBRC",
    paper=Paper(
        "A bio-inspired bistable recurrent cell allows for long-lasting memory",
        "Nicolas Vecoven, Damien Ernst, Guillaume Drion",
        2021,
        "https://doi.org/10.1371/journal.pone.0252676",
    ),
    kind="gated",
    description="neuromodulated bistable recurrent cell: a gated feedback lets each unit latch",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/nbrc.py",
    exportable=True,
    double_backward=True,
)
class NBRC(GatedCell):
    """Neuromodulated bistable recurrent cell (nBRC); the state lies between -1 and 1.

    Without input a unit with feedback a > 1 comes to rest in one of the two solutions of h = tanh(a h) that are not
    zero, for ever; one with a < 1 forgets.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, ``bias_ih`` and ``bias_hh``.
        recurrent_bias: with ``bias``, whether there is ``bias_hh``.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) holds W_a, W_c, W, ``weight_hh`` (2H, H) U_a, U_c.

    Raises:
        ValueError: a size below 1.
    """

    stages = (Stage("h", 3, 2, _update, ("h",), ("h",), gates=_gates, gate_names=GATES),)
