"""What LRU, S4D and S5 share: a diagonal state of complex numbers, each turning and shrinking at a rate of its own.

A complex number is a pair (real part, imaginary part) in the last size of a real tensor, in states and in parameters.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import State
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._products import product
from rnnzoo.layers._scan import ScanCell
from rnnzoo.ops.pairs import conjugate, divided, exp, expm1, pair, times
from rnnzoo.ops.scan import complex_scan, unsqueezed
from rnnzoo.registry import unknown

DISCRETIZATIONS = ("zoh", "bilinear")
DT_LEAST = 1e-4  # of a selective step size at first


class DiagonalCell(ScanCell):
    """h_t = a * h_{t-1} + b_t over complex numbers; `coefficients` gives pairs.

    Where the layer is as wide as its input, its skip connection D is a vector, as in the authors' code; else there is
    no channel to skip to, and D is a matrix (H, I).
    """

    undecayed: tuple[str, ...]
    complex_pairs = True
    D: Tensor

    def recurrence(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[State, State]:
        """As `ScanCell.recurrence`; at least single precision inside, for decays near 1 are not half's."""
        a, b = self.coefficients(*values)
        wide, given = torch.promote_types(b.dtype, torch.float32), state[0].dtype
        a, b, h0 = unsqueezed(a.to(wide), b), b.to(wide), state[0].to(wide)
        h, final = complex_scan(a, b, h0, lengths=lengths, backend=backend)
        return (h.to(given),), (final.to(given),)

    def skip(self, x: Tensor) -> Tensor:
        """D x (..., H) of x (..., I)."""
        return product(x, self.D) if self.D.dim() == 2 else self.D * x

    def pairs(self, x: Tensor, B: Tensor) -> Tensor:
        """B x (..., N, 2), of x (..., I) and B (2N, I): all real parts, then all imaginary ones."""
        rows = B.unflatten(0, (2, -1)).transpose(0, 1).flatten(0, 1)  # each real part by its imaginary one
        return product(x, rows).unflatten(-1, (-1, 2))

    def real_part(self, h: Tensor, C: Tensor) -> Tensor:
        """Re(C h) (..., H), of pairs h (..., N, 2) and C (H, N, 2)."""
        return product(h.flatten(-2), conjugate(C).flatten(1))


def as_complex(pairs: Tensor) -> Tensor:
    """(..., 2) as complex numbers (...), of single precision at least."""
    return torch.view_as_complex(pairs.to(torch.promote_types(pairs.dtype, torch.float32)).contiguous())


def discretize(log_real: Tensor, imag: Tensor, log_dt: Tensor, method: str) -> tuple[Tensor, Tensor]:
    """A step of x' = A x + u, with A = -e^log_real + i imag: a and b of h_t = a h_{t-1} + b u_t, pairs (..., 2).

    "zoh" holds the input between steps: a = e^(A dt), b = (a - 1) / A. "bilinear" is the trapezoidal rule: with
    q = 1 / (1 - A dt / 2), a = q (1 + A dt / 2), b = q dt. |a| < 1 for every parameter in both.
    """
    wide = torch.promote_types(log_real.dtype, torch.float32)
    A = pair(-torch.exp(log_real.to(wide)), imag.to(wide))
    dt = torch.exp(log_dt.to(wide)).unsqueeze(-1)
    z = A * dt
    if method == "zoh":
        return exp(z), divided(expm1(z), A)
    half, one = z / 2, pair(torch.ones_like(z[..., 0]), torch.zeros_like(z[..., 0]))
    q = divided(one, one - half)
    return times(q, one + half), q * dt


def check_discretization(discretization: str) -> None:
    """Raise unless there is such a way to make steps of continuous time.

    Raises:
        UnknownName: with near misses.
    """
    if discretization not in DISCRETIZATIONS:
        raise unknown("discretization", discretization, DISCRETIZATIONS)


def check_steps(dt_min: float, dt_max: float) -> None:
    """Raise unless the range of step sizes is one.

    Raises:
        ValueError: not 0 < dt_min <= dt_max.
    """
    if not 0 < dt_min <= dt_max:
        raise ValueError(f"dt_min is {dt_min} and dt_max is {dt_max}; expected 0 < dt_min <= dt_max.")


def check_pairs(state_size: Any, blocks: int = 1) -> int:
    """How many conjugate pairs a state of ``state_size`` numbers has, in each of ``blocks`` equal parts.

    Raises:
        ValueError: not a whole number of pairs in each part.
    """
    check_sizes(state_size=state_size)
    if state_size % (2 * blocks):
        raise ValueError(
            f"state_size is {state_size}; expected a multiple of {2 * blocks}: conjugate pairs"
            + (f" in {blocks} blocks." if blocks > 1 else ".")
        )
    return state_size // (2 * blocks)


def draw_log_steps(log_dt: Tensor, dt_min: float, dt_max: float) -> None:
    """Fill with logarithms of step sizes, uniformly between those of the two bounds."""
    log_dt.uniform_(math.log(dt_min), math.log(dt_max))


@torch.no_grad()
def draw_step_bias(bias: Tensor, dt_min: float, dt_max: float) -> None:
    """Fill with numbers whose softplus is a step size, log-uniform between the two bounds."""
    dt = torch.empty(bias.shape, dtype=torch.float64)
    draw_log_steps(dt, dt_min, dt_max)
    dt = dt.exp().clamp(min=DT_LEAST)
    bias.copy_(dt + torch.log(-torch.expm1(-dt)))


def hippo_normal(N: int) -> tuple[Tensor, Tensor, Tensor]:
    """The normal part of the HiPPO-LegS matrix, diagonalised: one of each pair of eigenvalues.

    A_nk = -sqrt(2n + 1) sqrt(2k + 1) for n > k, -(n + 1) for n = k, and 0 above; A + P P^T with P_n = sqrt(n + 1/2) is
    -1/2 and a skew-symmetric matrix.

    Args:
        N: its width, even.

    Returns:
        The N / 2 eigenvalues of positive imaginary part, ascending; their eigenvectors V (N, N / 2); V^H B (N / 2,)
        of the LegS input B_n = sqrt(2n + 1). All complex128.

    Source: Gu, Gupta, Goel, Ré, arXiv 2206.11893; the matrices as in s5/ssm_init.py of S5's authors.
    """
    n = torch.arange(N, dtype=torch.float64)
    B = torch.sqrt(2 * n + 1)  # (N,)
    below = torch.tril(torch.outer(B, B), -1) / 2
    frequencies, V = torch.linalg.eigh(-1j * (below.T - below))
    V = V[:, N // 2 :]  # (N, N / 2)
    return torch.complex(torch.full((N // 2,), -0.5, dtype=torch.float64), frequencies[N // 2 :]), V, V.mH @ (B + 0j)
