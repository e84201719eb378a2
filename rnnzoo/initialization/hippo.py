"""HiPPO: a diagonal state space whose state holds the past as coefficients of Legendre polynomials.

A = -1/2 + i w_n       the eigenvalues of the normal part of the HiPPO-LegS matrix, w_n those of positive imaginary part

For cells with a diagonal, continuous A: S4D (in every channel) and S5 (in every block of its state).

Source: Gu, Dao, Ermon, Rudra, Ré, "HiPPO", 2020, arXiv 2008.07669; of the normal part: Gu, Gupta, Goel, Ré, "On the
Parameterization and Initialization of Diagonal State Space Models", 2022, arXiv 2206.11893.
"""

from __future__ import annotations

import math
from typing import Any

from rnnzoo.initialization._cells import misfit, shapes_of
from rnnzoo.layers._state_space import hippo_normal

PAIRS = (("log_A_real", "A_imag"), ("log_Lambda_real", "Lambda_imag"))
"""The names that cells have for the logarithm of the real part's size, and for the imaginary part."""


def hippo(cell: Any) -> None:
    """Set the eigenvalues; B, C, D and the step sizes stay.

    Raises:
        RecipeError: the cell is no diagonal state space.
    """
    for real, imag in PAIRS:
        if hasattr(cell, real) and hasattr(cell, imag):
            blocks = getattr(cell, "hippo_blocks", 1)
            pairs = getattr(cell, imag).shape[-1] // blocks
            getattr(cell, real).fill_(math.log(0.5))
            getattr(cell, imag).copy_(hippo_normal(2 * pairs)[0].imag.repeat(blocks))
            return
    raise misfit("hippo", cell, f"it has no diagonal A as s4d and s5 have, only {shapes_of(cell)}.")
