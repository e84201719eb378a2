"""Eigenvalues on a ring: decays between r_min and r_max, uniform over the ring's area, angles from 0 to max_phase.

lambda = sqrt(u (r_max^2 - r_min^2) + r_min^2) e^(i phi),  u uniform in [0, 1], phi in [0, max_phase];  gamma =
sqrt(1 - |lambda|^2), with which every channel's state begins with the variance of its input.

Source: Orvieto et al., "Resurrecting Recurrent Neural Networks for Long Sequences", 2023, arXiv 2303.06349, section 3.2
and lemma 3.2.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from rnnzoo.initialization._cells import misfit, shapes_of

NAMES = ("nu_log", "theta_log", "gamma_log")


def ring(cell: Any, *, r_min: float = 0.0, r_max: float = 1.0, max_phase: float = 2 * math.pi) -> None:
    """Set the eigenvalues, and what makes up for their sizes; B, C and D stay.

    Args:
        cell: a cell without its wrappers.
        r_min, r_max: the ring.
        max_phase: the largest angle.

    Raises:
        ValueError: not 0 <= r_min < r_max <= 1, or not 0 < max_phase <= 2 pi.
        RecipeError: the cell's eigenvalues are not given by nu_log, theta_log and gamma_log, as the LRU's.
    """
    if not 0 <= r_min < r_max <= 1:
        raise ValueError(f"r_min is {r_min} and r_max is {r_max}; expected 0 <= r_min < r_max <= 1.")
    if not 0 < max_phase <= 2 * math.pi + 1e-6:
        raise ValueError(f"max_phase is {max_phase}; expected an angle above 0 and up to 2 pi.")
    if not all(hasattr(cell, name) for name in NAMES):
        raise misfit("ring", cell, f"it has no {', '.join(NAMES)} as lru has, only {shapes_of(cell)}.")
    least = torch.finfo(torch.float32).eps  # neither 0 nor 1, of which there are no logarithms to take
    N = len(cell.nu_log)
    square = torch.rand(N).clamp(least, 1 - least) * (r_max**2 - r_min**2) + r_min**2
    cell.nu_log.copy_(torch.log(-0.5 * torch.log(square)))
    cell.theta_log.copy_(torch.log(max_phase * torch.rand(N).clamp(min=least)))
    cell.gamma_log.copy_(0.5 * torch.log1p(-square))
