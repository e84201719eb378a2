"""UnICORNN: undamped oscillators, each on its own, with a learned time step; volume in state space is preserved.

z_t = z_{t-1} - dt sigmoid(c) * (tanh(w * y_{t-1} + V x_t + b) + alpha y_{t-1})
y_t = y_{t-1} + dt sigmoid(c) * z_t

Source: Rusch, Mishra, "UnICORNN: A recurrent model for learning very long time dependencies", ICML 2021,
arXiv 2103.05487, and the authors' code (tk-rusch/unicornn, health_care/network.py). The paper stacks such layers, with
residual connections between them for some tasks; a layer here is one of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_between, check_positive
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


@dataclass(frozen=True)
class _SymplecticEuler:
    dt: float
    alpha: float

    def update(self, x: Tensor, _: None, y: Tensor, z: Tensor, w: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        step = self.dt * torch.sigmoid(c)  # (H,)
        z = z - step * (torch.tanh(torch.addcmul(x[..., 0, :], w, y)) + self.alpha * y)
        return y + step * z, z


@LAYERS.register(
    "unicornn",
    class_name="UnICORNN",
    paper=Paper(
        "UnICORNN: A recurrent model for learning very long time dependencies",
        "T. Konstantin Rusch, Siddhartha Mishra",
        2021,
        "https://arxiv.org/abs/2103.05487",
    ),
    kind="elementwise",
    description="independent undamped oscillators: symplectic steps of a Hamiltonian system, invertible in time",
    tiny={"input_size": 3, "hidden_size": 4, "dt": 1.5},
    oracle="tests/oracles/unicornn.py",
    exportable=True,
    double_backward=True,
)
class UnICORNN(OneBiasCell):
    """Undamped independent controlled oscillatory network; the states are y, which is put out, and its velocity z.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the number of oscillators: the width of both states and of the output.
        dt: the longest time step; sigmoid(c) shortens it for each oscillator. The paper searches dt and alpha for each
            task (on IMDB 0.0066 and 0.205 in its two layers, and 0).
        alpha: the squared frequency an oscillator has alone, 0 or more.
        bias: whether there is b (``bias_ih``).
        device, dtype: of the parameters; V is ``weight_ih`` (H, I); w and c are ``w`` and ``c`` (H,).

    Raises:
        ValueError: a size below 1, dt not above 0, or alpha below 0.
    """

    states = ("y", "z")
    output = "y"
    vectors = ("w", "c")
    w: nn.Parameter
    c: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, *, dt: float = 0.2, alpha: float = 0.0, **common: Any
    ) -> None:
        check_positive(dt=dt)
        check_between(0, math.inf, alpha=alpha)
        self.dt, self.alpha = dt, alpha
        update = _SymplecticEuler(dt, alpha).update
        self.stages = (Stage(None, 1, 0, update, ("y", "z", "w", "c"), ("y", "z")),)
        super().__init__(input_size, hidden_size, **common)

    def reset_parameters(self) -> None:
        """The authors': w uniform from 0 to 1, c within 0.1 of 0, V after Kaiming (leaky, slope 8), b zero."""
        nn.init.kaiming_uniform_(self.weight_ih, a=8, mode="fan_in")
        nn.init.uniform_(self.w, 0, 1)
        nn.init.uniform_(self.c, -0.1, 0.1)
        if self.bias_ih is not None:
            nn.init.zeros_(self.bias_ih)
