"""The antisymmetric network with an input gate, which shares the one antisymmetric matrix.

A = W - W^T - gamma I
z_t = sigmoid(A h_{t-1} + V_z x_t + b_z)
h_t = h_{t-1} + epsilon z_t * tanh(A h_{t-1} + V_h x_t + b_h)

Source: Chang, Chen, Haber, Chi, "AntisymmetricRNN: A Dynamical System View on Recurrent Neural Networks", ICLR 2019,
arXiv 1902.09689.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rnnzoo.layers._antisymmetric import PAPER, AntisymmetricCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gates(x: Tensor, u: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    z, n = (x + u).unbind(-2)  # (..., H) each; u (..., 1, H) serves both
    return torch.sigmoid(z), torch.tanh(n)


@dataclass(frozen=True)
class _Euler:
    epsilon: float

    def update(self, x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
        z, n = _gates(x, u)
        return (h + self.epsilon * z * n,)


@LAYERS.register(
    "gated_antisymmetric_rnn",
    class_name="GatedAntisymmetricRNN",
    paper=PAPER,
    kind="gated",
    description="antisymmetric network with an input gate that shares its recurrent matrix",
    tiny={"input_size": 3, "hidden_size": 4, "epsilon": 0.5},
    oracle="tests/oracles/gated_antisymmetric_rnn.py",
    exportable=True,
    double_backward=True,
)
class GatedAntisymmetricRNN(AntisymmetricCell):
    """AntisymmetricRNN with gating.

    Arguments as `AntisymmetricCell`; ``weight_ih`` (2H, I) and ``bias_ih`` (2H,) hold z, then h; W is ``weight_hh``
    (H, H).
    """

    def euler_stage(self, epsilon: float) -> Stage:
        """One product of h, which both blocks of the input are added to."""
        names = ("input", "candidate")
        return Stage("h", 2, 1, _Euler(epsilon).update, ("h",), ("h",), gates=_gates, gate_names=names)
