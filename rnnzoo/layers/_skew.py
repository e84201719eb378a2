"""Matrices made of another's symmetric and antisymmetric parts: what keeps a continuous-time network stable."""

from __future__ import annotations

import torch
from torch import Tensor


def skewed(weight: Tensor, beta: float, gamma: float) -> Tensor:
    """(1 - beta) (M + M^T) + beta (M - M^T) - gamma I, of M (H, H).

    Its symmetric part is (1 - beta) (M + M^T) - gamma I, so at beta = 1 every eigenvalue has the real part -gamma, and
    at beta = 0 every eigenvalue is real.
    """
    eye = torch.eye(weight.shape[0], dtype=weight.dtype, device=weight.device)
    return weight + (1 - 2 * beta) * weight.t() - gamma * eye
