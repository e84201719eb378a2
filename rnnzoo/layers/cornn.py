"""The coupled oscillatory network: driven, damped nonlinear oscillators, coupled through their forcing.

z_t = z_{t-1} + dt (tanh(W_y y_{t-1} + W_z z_{t-1} + V x_t + b) - gamma y_{t-1} - epsilon z_s)
y_t = y_{t-1} + dt z_t
s = t - 1: damping="explicit", as in the authors' code; s = t: damping="implicit".

Source: Rusch, Mishra, "Coupled Oscillatory Recurrent Neural Network (coRNN): An accurate and (gradient) stable
architecture for learning long time dependencies", ICLR 2021, arXiv 2010.00951, scheme (3), and the authors' code
(tk-rusch/coRNN, HAR-2/network.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_positive
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown

DAMPING = ("explicit", "implicit")


def _coupling(_: None, u: Tensor) -> tuple[Tensor]:
    return (u[..., 0, :],)  # (..., H): W_z z


@dataclass(frozen=True)
class _Oscillator:
    """One step of the scheme."""

    dt: float
    gamma: float
    epsilon: float
    implicit: bool

    def update(self, a: Tensor, _: None, coupling: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        force = torch.tanh(a[..., 0, :] + coupling) - self.gamma * y  # (..., H)
        if self.implicit:
            z = (z + self.dt * force) / (1 + self.dt * self.epsilon)
        else:
            z = z + self.dt * (force - self.epsilon * z)
        return y + self.dt * z, z


@LAYERS.register(
    "cornn",
    class_name="CoRNN",
    paper=Paper(
        "Coupled Oscillatory Recurrent Neural Network (coRNN): An accurate and (gradient) stable architecture for "
        "learning long time dependencies",
        "T. Konstantin Rusch, Siddhartha Mishra",
        2020,
        "https://arxiv.org/abs/2010.00951",
    ),
    kind="gated",
    description="coupled oscillatory network: a discretised system of damped oscillators of bounded energy",
    tiny={"input_size": 3, "hidden_size": 4, "dt": 0.5},
    oracle="tests/oracles/cornn.py",
    exportable=True,
    double_backward=True,
)
class CoRNN(OneBiasCell):
    """Coupled oscillatory network (coRNN); the states are y, which is put out, and its velocity z.

    Let k = 2 epsilon - dt gamma with implicit damping and k = 2 epsilon - dt (gamma + epsilon^2) with explicit damping.
    Where k > 0, the energy of a network that starts at rest is bounded whatever the input and the weights:
    gamma |y_t|^2 + |z_t|^2 <= t dt H / k. (The paper proves that this energy grows at most linearly in time; k is what
    its argument gives for this scheme.)

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the number of oscillators: the width of both states and of the output.
        dt: the time step. The paper searches dt, gamma and epsilon for each task (on IMDB 0.054, 4.9, 4.8).
        gamma: the squared frequency an oscillator has alone.
        epsilon: the damping.
        damping: "explicit" or "implicit".
        bias: whether there is b (``bias_ih``).
        device, dtype: of the parameters; V is ``weight_ih`` (H, I); ``weight_hh`` (2H, H) holds W_z, then W_y.

    Raises:
        ValueError: a size below 1, or dt, gamma or epsilon not above 0.
        UnknownName: a damping that is neither.
    """

    states = ("y", "z")
    output = "y"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        dt: float = 0.1,
        gamma: float = 1.0,
        epsilon: float = 1.0,
        damping: Literal["explicit", "implicit"] = "explicit",
        **common: Any,
    ) -> None:
        check_positive(dt=dt, gamma=gamma, epsilon=epsilon)
        if damping not in DAMPING:
            raise unknown("damping", damping, DAMPING)
        self.dt, self.gamma, self.epsilon, self.damping = dt, gamma, epsilon, damping
        oscillator = _Oscillator(dt, gamma, epsilon, damping == "implicit")
        self.stages = (
            Stage("z", 0, 1, _coupling, (), ("coupling",)),
            Stage("y", 1, 1, oscillator.update, ("coupling", "y", "z"), ("y", "z"), summed=True),
        )
        super().__init__(input_size, hidden_size, **common)
