"""S5: one diagonal state space with many inputs and many outputs.

Lambda = -exp(log_Lambda_real) + i Lambda_imag              (P / 2,), one of each conjugate pair
a = exp(Lambda dt), b = (a - 1) / Lambda                    discretization="bilinear": the trapezoidal rule
h_t = a * h_{t-1} + b * (B x_t)                             (P / 2,) complex
y_t = 2 Re(C h_t) + D x_t                                   (H,)

At first Lambda are the eigenvalues of the normal part of the HiPPO-LegS matrix (HiPPO-N), B = V^H B' and C = C' V with
its eigenvectors V and B', C' random.

Source: Smith, Warrington, Linderman, "Simplified State Space Layers for Sequence Modeling", 2023, arXiv 2208.04933;
initialisation as in the authors' s5/ssm.py and s5/ssm_init.py.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._state_space import (
    DiagonalCell,
    as_complex,
    check_discretization,
    check_pairs,
    check_steps,
    discretize,
    draw_log_steps,
    hippo_normal,
)
from rnnzoo.ops.pairs import pair, times
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "s5",
    class_name="S5",
    paper=Paper(
        "Simplified State Space Layers for Sequence Modeling",
        "Jimmy T.H. Smith, Andrew Warrington, Scott W. Linderman",
        2023,
        "https://arxiv.org/abs/2208.04933",
    ),
    kind="scan",
    description="one diagonal state space for all channels together, begun at the eigenvalues of HiPPO",
    tiny={"input_size": 3, "hidden_size": 4, "state_size": 6},
    oracle="tests/oracles/s5.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class S5(DiagonalCell):
    """S5: the state space alone. The authors' layer has an activation, a norm and a residual around it.

    Parameters: ``log_Lambda_real``, ``Lambda_imag`` and ``log_step`` (P / 2,); ``weight_ih`` (P, I), B's real, then its
    imaginary parts; ``C`` (H, P / 2, 2), pairs; ``D`` (H,) where I = H, else (H, I). The state is (P / 2, 2), pairs.
    Lambda, B and the steps do not decay. The authors' code learns Lambda's real part itself, and may clip it below
    zero; here it is its logarithm, as in S4D, so that no parameter makes the state grow.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        bias: the equations have none; taken because every layer takes it, without effect.
        state_size: P, the numbers of the state with their conjugates; even. ``None``: H, or H + 1 where that is odd.
        hippo_blocks: J; the state begins as J of these matrices of width P / J, independent of one another.
        discretization: "zoh" or "bilinear".
        dt_min, dt_max: the range of the step sizes at first.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, a state that is not pairs in J blocks, or no range of step sizes.
        UnknownName: no such discretization.
    """

    weights = ("log_Lambda_real", "Lambda_imag", "log_step", "weight_ih", "C", "D")
    undecayed = ("log_Lambda_real", "Lambda_imag", "log_step", "weight_ih")
    log_Lambda_real: nn.Parameter
    Lambda_imag: nn.Parameter
    log_step: nn.Parameter
    C: nn.Parameter
    D: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        state_size: int | None = None,
        hippo_blocks: int = 1,
        discretization: str = "zoh",
        dt_min: float = 0.001,
        dt_max: float = 0.1,
        **common: Any,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size, hippo_blocks=hippo_blocks)
        P = 2 * math.ceil(hidden_size / 2) if state_size is None else state_size
        pairs = check_pairs(P, hippo_blocks) * hippo_blocks
        check_discretization(discretization)
        check_steps(dt_min, dt_max)
        self.hippo_blocks, self.discretization, self.dt_min, self.dt_max = hippo_blocks, discretization, dt_min, dt_max
        self.shapes = {
            **dict.fromkeys(("log_Lambda_real", "Lambda_imag", "log_step"), (pairs,)),
            "weight_ih": (2 * pairs, input_size),
            "C": (hidden_size, pairs, 2),
            "D": (hidden_size,) if input_size == hidden_size else (hidden_size, input_size),
            "h": (pairs, 2),
        }
        super().__init__(input_size, hidden_size, **common)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """HiPPO-N; B' and C' normal, cut at two deviations, each part of variance 1 / P; dt log-uniform; D normal."""
        P, J = 2 * len(self.log_step), self.hippo_blocks
        eigenvalues, V, _ = hippo_normal(P // J)
        self.log_Lambda_real.copy_(torch.log(-eigenvalues.real).repeat(J))
        self.Lambda_imag.copy_(eigenvalues.imag.repeat(J))
        draw_log_steps(self.log_step, self.dt_min, self.dt_max)
        V = torch.block_diag(*[V] * J)  # (P, P / 2)
        B = V.mH @ (_lecun_normal(P, P, self.input_size) + 0j)  # (P / 2, I)
        self.weight_ih.copy_(torch.cat((B.real, B.imag)))
        self.C.copy_(torch.view_as_real(as_complex(_lecun_normal(P, self.hidden_size, P, 2)) @ V))
        nn.init.normal_(self.D, std=1.0 if self.D.dim() == 1 else self.input_size**-0.5)

    def coefficients(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """a (P / 2, 2), and b * B x (..., P / 2, 2), of x (..., I)."""
        a, b = discretize(self.log_Lambda_real, self.Lambda_imag, self.log_step, self.discretization)
        B = times(b.unsqueeze(-2), pair(*self.weight_ih.to(b.dtype).chunk(2)))  # (P / 2, I, 2)
        return a, self.pairs(x, torch.cat(B.unbind(-1)).to(self.weight_ih.dtype))

    def readout(self, h: Tensor, x: Tensor) -> Tensor:
        """2 Re(C h) + D x (..., H), of states h (..., P / 2, 2)."""
        return self.real_part(h, 2 * self.C) + self.skip(x)


def _lecun_normal(fan_in: int, *shape: int) -> Tensor:
    """Normal numbers cut at two deviations, of variance 1 / fan_in, as the authors' library draws them."""
    std = fan_in**-0.5 / 0.87962566103423978  # of the uncut distribution
    return nn.init.trunc_normal_(torch.empty(shape, dtype=torch.float64), std=std, a=-2 * std, b=2 * std)
