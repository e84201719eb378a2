"""What MiRU-1 and MiRU-2 share: a state mixed with its candidate by a constant, which no weight moves.

Source: Zyarah, Kudithipudi, "Minion gated recurrent unit for continual learning", Neurocomputing 673, 2026,
arXiv 2503.06175.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnzoo.contracts import Paper

PAPER = Paper(
    "Minion gated recurrent unit for continual learning",
    "Abdullah M. Zyarah, Dhireesha Kudithipudi",
    2026,
    "https://doi.org/10.1016/j.neucom.2026.132847",
)


def candidate(a: Tensor, *_: Tensor | None) -> tuple[Tensor]:
    """n = tanh(a)."""
    return (torch.tanh(a[..., 0, :]),)


def mix(a: Tensor, _: None, h: Tensor, *, keep: float) -> tuple[Tensor]:
    """h_t = keep * h_{t-1} + (1 - keep) * n."""
    (n,) = candidate(a, _, h)
    return (keep * h + (1 - keep) * n,)


def check_coefficients(**given: float) -> None:
    """Refuse a coefficient that is not between 0 and 1.

    Raises:
        ValueError: it names the first.
    """
    for name, value in given.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}; expected a number from 0 to 1.")
