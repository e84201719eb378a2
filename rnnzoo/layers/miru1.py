"""MiRU-1: a GRU whose update gate is a constant.

r = sigmoid(W_r x_t + b_r + U_r h_{t-1} + b'_r)
n = tanh(W_h x_t + b_h + U_h (r * h_{t-1}) + b'_h)
h_t = lambda * h_{t-1} + (1 - lambda) * n

Source: Zyarah, Kudithipudi, "Minion gated recurrent unit for continual learning", Neurocomputing 673, 2026,
arXiv 2503.06175.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._miru import PAPER, candidate, check_coefficients, mix
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gates(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.sigmoid(a[..., 0, :]),)


def _reset(a: Tensor, _: None, h: Tensor) -> tuple[Tensor]:
    (r,) = _gates(a)
    return (r * h,)


@LAYERS.register(
    "miru1",
    class_name="MiRU1",
    paper=PAPER,
    kind="gated",
    description="minion recurrent unit 1: a GRU with a reset gate, whose update gate is a constant",
    tiny={"input_size": 3, "hidden_size": 4, "update_coefficient": 0.3},
    oracle="tests/oracles/miru1.py",
    exportable=True,
    double_backward=True,
)
class MiRU1(GatedCell):
    """Minion recurrent unit 1; the state lies between -1 and 1.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        update_coefficient: lambda, the part of the state that each step keeps, 0 to 1.
        bias: whether there are biases, ``bias_ih`` and ``bias_hh``.
        recurrent_bias: with ``bias``, whether there is ``bias_hh``.
        device, dtype: of the parameters; ``weight_ih`` (2H, I) and ``weight_hh`` (2H, H) hold r and n.

    Raises:
        ValueError: a size below 1, a coefficient that is not from 0 to 1.
    """

    def __init__(self, input_size: int, hidden_size: int, *, update_coefficient: float = 0.5, **common: Any) -> None:
        check_coefficients(update_coefficient=update_coefficient)
        self.update_coefficient = update_coefficient
        update = partial(mix, keep=update_coefficient)
        self.stages = (
            Stage("h", 1, 1, _reset, ("h",), ("rh",), summed=True, gates=_gates, gate_names=("reset",)),
            Stage("rh", 1, 1, update, ("h",), ("h",), summed=True, gates=candidate, gate_names=("candidate",)),
        )
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        given = self.update_coefficient
        return super().extra_repr() + ("" if given == 0.5 else f", update_coefficient={given}")
