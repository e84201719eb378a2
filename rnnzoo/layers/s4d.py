"""S4D: a bank of diagonal state spaces, one for each channel.

For each of H channels, with u_t its input and A, C (N / 2,) one of each conjugate pair:
A = -exp(log_A_real) + i A_imag
a = exp(A dt), b = (a - 1) / A                              discretization="bilinear": the trapezoidal rule
h_t = a * h_{t-1} + b u_t
y_t = 2 Re(sum_n C_n h_t,n) + D u_t

A at first, n = 0, ..., N / 2 - 1: init="lin": -1/2 + i pi n; "inv": -1/2 + i N / pi (N / (2n + 1) - 1); "legs": the
eigenvalues of the normal part of the HiPPO-LegS matrix.

Source: Gu, Gupta, Goel, Ré, "On the Parameterization and Initialization of Diagonal State Space Models", 2022,
arXiv 2206.11893; the recurrence's kernel and C, D, dt at first as in the authors' models/s4/s4d.py.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._products import product
from rnnzoo.layers._state_space import (
    DiagonalCell,
    check_discretization,
    check_pairs,
    check_steps,
    discretize,
    draw_log_steps,
    hippo_normal,
)
from rnnzoo.ops.pairs import conjugate
from rnnzoo.ops.state_space import diagonal_state_space, state_space_in_c
from rnnzoo.registry import LAYERS, unknown

INITS = ("lin", "inv", "legs")


@LAYERS.register(
    "s4d",
    class_name="S4D",
    paper=Paper(
        "On the Parameterization and Initialization of Diagonal State Space Models",
        "Albert Gu, Ankit Gupta, Karan Goel, Christopher Ré",
        2022,
        "https://arxiv.org/abs/2206.11893",
    ),
    kind="scan",
    description="for each channel a diagonal state space of complex numbers, made a recurrence by a learned step size",
    tiny={"input_size": 3, "hidden_size": 4, "state_size": 6},
    oracle="tests/oracles/s4d.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class S4D(DiagonalCell):
    """S4D: the state spaces alone. The authors' layer has an activation and a gated mixing of its channels behind it.

    It maps H channels to H channels; where I is not H, a linear projection of the input stands in front. B is 1, its
    product with C being all that counts (with init="legs" C begins as that product).

    Parameters: ``log_dt`` and ``D`` (H,); ``log_A_real`` and ``A_imag`` (H, N / 2); ``C`` (H, N / 2, 2), pairs; where I
    is not H also ``weight_ih`` (H, I) and ``bias_ih`` (H,). The state is (H, N / 2, 2), pairs. dt and A do not decay.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the channels, and the width of the output.
        bias: whether the projection of the input, if there is one, has a bias.
        state_size: N, the numbers of each channel's state with their conjugates; even.
        init: "lin", "inv" or "legs".
        discretization: "zoh" or "bilinear".
        dt_min, dt_max: the range of the step sizes at first.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, an odd state, or no range of step sizes.
        UnknownName: no such init or discretization.
    """

    undecayed = ("log_dt", "log_A_real", "A_imag")
    log_dt: nn.Parameter
    log_A_real: nn.Parameter
    A_imag: nn.Parameter
    C: nn.Parameter
    D: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        state_size: int = 64,
        init: str = "lin",
        discretization: str = "zoh",
        dt_min: float = 0.001,
        dt_max: float = 0.1,
        **common: Any,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        pairs = check_pairs(state_size)
        if init not in INITS:
            raise unknown("init", init, INITS)
        check_discretization(discretization)
        check_steps(dt_min, dt_max)
        self.init, self.discretization, self.dt_min, self.dt_max = init, discretization, dt_min, dt_max
        self.weights = ("log_dt", "log_A_real", "A_imag", "C", "D")
        self.blocks = int(input_size != hidden_size)
        own = (hidden_size, pairs)
        self.shapes = {"log_A_real": own, "A_imag": own, "C": (*own, 2), "h": (*own, 2)}
        super().__init__(input_size, hidden_size, **common)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """A as ``init`` says in every channel; dt log-uniform; C and D normal; the projection as torch's linear."""
        pairs = self.A_imag.shape[1]
        n = torch.arange(pairs, dtype=torch.float64)
        draw_log_steps(self.log_dt, self.dt_min, self.dt_max)
        self.log_A_real.fill_(math.log(0.5))
        nn.init.normal_(self.C)
        nn.init.normal_(self.D)
        if self.init == "lin":
            self.A_imag.copy_(math.pi * n)
        elif self.init == "inv":
            self.A_imag.copy_(2 * pairs / math.pi * (2 * pairs / (2 * n + 1) - 1))
        else:
            eigenvalues, _, B = hippo_normal(2 * pairs)
            self.A_imag.copy_(eigenvalues.imag)
            self.C.mul_(B.abs().unsqueeze(-1).to(self.C))  # the phase of C is random, so that of B does not count
        if self.blocks:
            for parameter in (self.weight_ih, self.bias_ih):
                if parameter is not None:
                    nn.init.uniform_(parameter, -(self.input_size**-0.5), self.input_size**-0.5)

    def hoist(self, x: Tensor) -> tuple[Tensor, ...]:
        """The channels' inputs u (B, T, H)."""
        return (product(x, self.weight_ih, self.bias_ih),) if self.blocks else (x.to(self.D.dtype),)

    def discrete(self) -> tuple[Tensor, Tensor]:
        """a and b, pairs (H, N / 2, 2), of single precision at least."""
        return discretize(self.log_A_real, self.A_imag, self.log_dt.unsqueeze(-1), self.discretization)

    def coefficients(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """a (H, N / 2, 2), and b u (B, T, H, N / 2, 2)."""
        a, b = self.discrete()
        return a, b.to(u.dtype) * u[..., None, None]

    def outputs(
        self, hoisted: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """As `ScanCell.outputs`; in native code no state is written out."""
        (u,) = hoisted
        if backend != "c" or not state_space_in_c("diagonal", u):
            return super().outputs(hoisted, state, lengths, backend)
        given = (u, *self.discrete(), 2 * self.C, self.D, state[0])
        y, final = diagonal_state_space(*given, lengths=lengths, backend=backend)
        return y, (final,)

    def readout(self, h: Tensor, u: Tensor) -> Tensor:
        """2 Re(sum of C h) + D u (B, T, H), of states h (B, T, H, N / 2, 2)."""
        C = 2 * conjugate(self.C)
        y = (h.flatten(-2) * C.flatten(-2)).sum(-1)  # as a product of matrices it would turn h, and its gradient, round
        return y.to(u.dtype) + self.D * u
