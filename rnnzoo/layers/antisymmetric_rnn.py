"""The antisymmetric network: Euler steps of an ordinary differential equation that neither grows nor forgets.

h_t = h_{t-1} + epsilon tanh((W - W^T - gamma I) h_{t-1} + V x_t + b)

Source: Chang, Chen, Haber, Chi, "AntisymmetricRNN: A Dynamical System View on Recurrent Neural Networks", ICLR 2019,
arXiv 1902.09689.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnzoo.layers._antisymmetric import PAPER, AntisymmetricCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


@dataclass(frozen=True)
class _Euler:
    epsilon: float

    def update(self, a: Tensor, _: None, h: Tensor) -> tuple[Tensor]:
        return (h + self.epsilon * torch.tanh(a[..., 0, :]),)


@LAYERS.register(
    "antisymmetric_rnn",
    class_name="AntisymmetricRNN",
    paper=PAPER,
    kind="gated",
    description="Euler steps with an antisymmetric recurrent matrix: stable, and slow to forget",
    tiny={"input_size": 3, "hidden_size": 4, "epsilon": 0.5},
    oracle="tests/oracles/antisymmetric_rnn.py",
    exportable=True,
    double_backward=True,
)
class AntisymmetricRNN(AntisymmetricCell):
    """AntisymmetricRNN: every eigenvalue of the recurrent matrix W - W^T - gamma I has the real part -gamma.

    Arguments as `AntisymmetricCell`; V is ``weight_ih`` (H, I), W ``weight_hh`` (H, H), b ``bias_ih`` (H,).
    """

    def euler_stage(self, epsilon: float) -> Stage:
        """One product of h, one block of the input."""
        return Stage("h", 1, 1, _Euler(epsilon).update, ("h",), ("h",), summed=True)
