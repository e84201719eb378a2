"""LRU, the linear recurrent unit: a diagonal complex recurrence whose eigenvalues begin on a ring in the unit disc.

lambda = exp(-exp(nu) + i exp(theta))                       (N,), |lambda| < 1 whatever nu is
h_t = lambda * h_{t-1} + exp(gamma) * (B x_t)               (N,) complex
y_t = Re(C h_t) + D x_t                                     (H,)

At first |lambda|^2 is uniform between r_min^2 and r_max^2, the angle uniform up to max_phase, and
exp(gamma) = sqrt(1 - |lambda|^2), so that white noise gives a state of the same size for every lambda.

Source: Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu, De, "Resurrecting Recurrent Neural Networks for Long
Sequences", 2023, arXiv 2303.06349; initialisation as in the public reimplementation minimal-LRU, lru/model.py.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._state_space import DiagonalCell
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "lru",
    class_name="LRU",
    paper=Paper(
        "Resurrecting Recurrent Neural Networks for Long Sequences",
        "Antonio Orvieto, Samuel L. Smith, Albert Gu, Anushan Fernando, Caglar Gulcehre, Razvan Pascanu, Soham De",
        2023,
        "https://arxiv.org/abs/2303.06349",
    ),
    kind="scan",
    description="linear recurrence of complex numbers that turn and shrink, begun on a ring in the unit disc",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/lru.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class LRU(DiagonalCell):
    """Linear recurrent unit: the recurrence alone. The paper's block has a norm, a gated unit and a residual around it.

    Parameters: ``nu_log``, ``theta_log`` and ``gamma_log`` (N,); ``weight_ih`` (2N, I), B's real, then its imaginary
    parts; ``C`` (H, N, 2), pairs; ``D`` (H,) where I = H, else (H, I). The state is (N, 2), pairs. The first three do
    not decay.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        bias: the equations have none; taken because every layer takes it, without effect.
        state_size: N, the complex numbers of the state; ``None`` is H.
        r_min, r_max: the ring at first, 0 <= r_min < r_max <= 1.
        max_phase: the largest angle at first, at most 2 pi.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, or no ring, or an angle out of range.
    """

    weights = ("nu_log", "theta_log", "gamma_log", "weight_ih", "C", "D")
    undecayed = ("nu_log", "theta_log", "gamma_log")
    nu_log: nn.Parameter
    theta_log: nn.Parameter
    gamma_log: nn.Parameter
    C: nn.Parameter
    D: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        state_size: int | None = None,
        r_min: float = 0.0,
        r_max: float = 1.0,
        max_phase: float = 2 * math.pi,
        **common: Any,
    ) -> None:
        N = hidden_size if state_size is None else state_size
        check_sizes(input_size=input_size, hidden_size=hidden_size, state_size=N)
        if not 0 <= r_min < r_max <= 1:
            raise ValueError(f"r_min is {r_min} and r_max is {r_max}; expected a ring, 0 <= r_min < r_max <= 1.")
        if not 0 < max_phase <= 2 * math.pi:
            raise ValueError(f"max_phase is {max_phase}; expected an angle above 0 and at most 2 pi.")
        self.r_min, self.r_max, self.max_phase = r_min, r_max, max_phase
        self.shapes = {
            **dict.fromkeys(("nu_log", "theta_log", "gamma_log"), (N,)),
            "weight_ih": (2 * N, input_size),
            "C": (hidden_size, N, 2),
            "D": (hidden_size,) if input_size == hidden_size else (hidden_size, input_size),
            "h": (N, 2),
        }
        super().__init__(input_size, hidden_size, **common)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """The ring; B and C normal, of variance 1 / 2I and 1 / N for each part; D normal."""
        N, I = len(self.nu_log), self.input_size
        least = torch.finfo(torch.float32).eps  # neither 0 nor 1, of which there are no logarithms to take
        u = torch.rand(N).clamp(least, 1 - least)
        square = u * (self.r_max**2 - self.r_min**2) + self.r_min**2
        self.nu_log.copy_(torch.log(-0.5 * torch.log(square)))
        self.theta_log.copy_(torch.log(self.max_phase * torch.rand(N).clamp(min=least)))
        self.gamma_log.copy_(0.5 * torch.log1p(-square))
        nn.init.normal_(self.weight_ih, std=(2 * I) ** -0.5)
        nn.init.normal_(self.C, std=N**-0.5)
        nn.init.normal_(self.D, std=1.0 if self.D.dim() == 1 else I**-0.5)

    def eigenvalues(self) -> Tensor:
        """lambda, pairs (N, 2), of single precision at least."""
        wide = torch.promote_types(self.nu_log.dtype, torch.float32)
        size, angle = torch.exp(-torch.exp(self.nu_log.to(wide))), torch.exp(self.theta_log.to(wide))
        return torch.stack((size * torch.cos(angle), size * torch.sin(angle)), -1)

    def coefficients(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """lambda (N, 2) and exp(gamma) * B x (..., N, 2), of x (..., I)."""
        B = torch.exp(self.gamma_log).repeat(2).unsqueeze(-1) * self.weight_ih  # (2N, I)
        return self.eigenvalues(), self.pairs(x, B)

    def readout(self, h: Tensor, x: Tensor) -> Tensor:
        """Re(C h) + D x (..., H), of states h (..., N, 2)."""
        return self.real_part(h, self.C) + self.skip(x)
