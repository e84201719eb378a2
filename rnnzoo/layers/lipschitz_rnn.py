"""The Lipschitz network: a linear part and a Lipschitz nonlinearity, both of matrices with a chosen share of symmetry.

h' = A h + tanh(W h + U x + b)
A = (1 - beta_A) (M_A + M_A^T) + beta_A (M_A - M_A^T) - gamma_A I          W likewise, of M_W, beta_W and gamma_W
solver="euler":  h_t = h_{t-1} + epsilon h'(h_{t-1}, x_t)
solver="rk2":    h_t = h_{t-1} + epsilon h'(h_{t-1} + epsilon/2 h'(h_{t-1}, x_t), x_t)      the midpoint method

Source: Erichson, Azencot, Queiruga, Hodgkinson, Mahoney, "Lipschitz Recurrent Neural Networks", ICLR 2021,
arXiv 2006.12070, and the authors' code (erichson/LipschitzRNN), which has one beta and one gamma for both matrices, and
multiplies rows (h A), which is the same with M transposed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_between, check_positive
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.layers._skew import skewed
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown

SOLVERS = ("euler", "rk2")


@dataclass(frozen=True)
class _Step:
    """A step of either solver."""

    epsilon: float

    def euler(self, x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
        return (h + self.epsilon * _flow(x[..., 0, :], u),)

    def midpoint(self, x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        drive = x[..., 0, :]  # the second stage needs it again
        return h + self.epsilon / 2 * _flow(drive, u), drive

    def from_midpoint(self, _: None, u: Tensor, h: Tensor, drive: Tensor) -> tuple[Tensor]:
        return (h + self.epsilon * _flow(drive, u),)


def _flow(drive: Tensor, u: Tensor) -> Tensor:
    """h' (..., H), of U x + b and the products of A and W (..., 2, H)."""
    linear, inside = u.unbind(-2)  # (..., H) each: A h, W h
    return linear + torch.tanh(inside + drive)


@LAYERS.register(
    "lipschitz_rnn",
    class_name="LipschitzRNN",
    paper=Paper(
        "Lipschitz Recurrent Neural Networks",
        "N. Benjamin Erichson, Omri Azencot, Alejandro Queiruga, Liam Hodgkinson, Michael W. Mahoney",
        2020,
        "https://arxiv.org/abs/2006.12070",
    ),
    kind="gated",
    description="steps of an ODE with a linear part, its matrices between symmetric and antisymmetric",
    tiny={"input_size": 3, "hidden_size": 4, "epsilon": 0.4},
    oracle="tests/oracles/lipschitz_rnn.py",
    exportable=True,
    double_backward=True,
)
class LipschitzRNN(OneBiasCell):
    """Lipschitz recurrent network.

    The real parts of A's eigenvalues lie between the extreme eigenvalues of (1 - beta_A) (M_A + M_A^T) - gamma_A I.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        beta: (beta_A, beta_W), each from 0 (symmetric) to 1 (antisymmetric).
        gamma: (gamma_A, gamma_W), each 0 or more.
        epsilon: the step size. The paper chooses beta, gamma and epsilon by task.
        solver: "euler" (one product a step) or "rk2" (two).
        bias: whether there is b (``bias_ih``).
        device, dtype: of the parameters; U is ``weight_ih`` (H, I); ``weight_hh`` (2H, H) holds M_A, then M_W.

    Raises:
        ValueError: a size below 1, or a beta, gamma or epsilon outside its range.
        UnknownName: a solver that is neither.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        beta: tuple[float, float] = (0.75, 0.75),
        gamma: tuple[float, float] = (0.001, 0.001),
        epsilon: float = 0.1,
        solver: Literal["euler", "rk2"] = "euler",
        **common: Any,
    ) -> None:
        (beta_A, beta_W), (gamma_A, gamma_W) = _pair("beta", beta), _pair("gamma", gamma)
        check_between(0, 1, beta_A=beta_A, beta_W=beta_W)
        check_between(0, math.inf, gamma_A=gamma_A, gamma_W=gamma_W)
        check_positive(epsilon=epsilon)
        if solver not in SOLVERS:
            raise unknown("solver", solver, SOLVERS)
        self.beta, self.gamma, self.epsilon, self.solver = (beta_A, beta_W), (gamma_A, gamma_W), epsilon, solver
        step = _Step(epsilon)
        self.stages = (Stage("h", 1, 2, step.euler, ("h",), ("h",)),)
        if solver == "rk2":
            self.stages = (
                Stage("h", 1, 2, step.midpoint, ("h",), ("middle", "drive")),
                Stage("middle", 0, 2, step.from_midpoint, ("h", "drive"), ("h",)),
            )
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As `GatedCell`, with one pair of matrices, whichever the number of stages."""
        return super().parameter_shapes() | {"weight_hh": (2 * self.hidden_size, self.hidden_size)}

    def reset_parameters(self) -> None:
        """M_A and M_W normal of standard deviation 1/H, as the authors'; U and b as `GatedCell`."""
        super().reset_parameters()
        nn.init.normal_(self.weight_hh, std=1 / self.hidden_size)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """A over W (2H, H), made once a call, for every stage."""
        matrices = zip(self.weight_hh.chunk(2), self.beta, self.gamma, strict=True)
        both = torch.cat([skewed(M, beta, gamma) for M, beta, gamma in matrices])
        return [both] * len(self.stages), [None] * len(self.stages)


def _pair(name: str, pair: Any) -> tuple[float, float]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(f"{name} is {pair!r}; expected two numbers, for A and for W.")
    return pair[0], pair[1]
