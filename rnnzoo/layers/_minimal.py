"""What minGRU and minLSTM share: a convex recurrence between the state and a candidate, plain or kept positive.

Source: Feng, Tung, Ahmed, Bengio, Hajimirsadeghi, "Were RNNs All We Needed?", 2024, arXiv 2410.01201.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._scan import ScanCell
from rnnzoo.registry import unknown

FORMS = ("plain", "log")
PAPER = Paper(
    "Were RNNs All We Needed?",
    "Leo Feng, Frederick Tung, Mohamed Osama Ahmed, Yoshua Bengio, Hossein Hajimirsadeghi",
    2024,
    "https://arxiv.org/abs/2410.01201",
)


class MinimalCell(ScanCell):
    """h_t = (1 - z_t) * h_{t-1} + z_t * c_t, with z_t in (0, 1) and the candidate c_t from the input alone.

    form="log" passes the candidate through `positive`. The paper needs that to train by a scan over logarithms; our
    linear scan takes no logarithm, so the form only decides which states there are. "plain", the equations of the
    paper's body, is the default: its states may take either sign. In both forms a missing initial state is zero and a
    given one is carried as it is (the paper's log-space listings pass it through g in parallel and not when stepping,
    so their two modes disagree).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether the input products have a bias.
        form: "plain" or "log".
        device, dtype: of the parameters, ``weight_ih`` (blocks H, I) and ``bias_ih`` (blocks H,).

    Raises:
        ValueError: a size below 1.
        UnknownName: a form that is neither.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, form: Literal["plain", "log"] = "plain", **common: Any
    ) -> None:
        if form not in FORMS:
            raise unknown("form", form, FORMS)
        super().__init__(input_size, hidden_size, **common)
        self.form = form

    def candidate(self, c: Tensor) -> Tensor:
        """The candidate (..., H) of its product c (..., H), in the cell's form."""
        return positive(c) if self.form == "log" else c

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.form == "plain" else f", form='{self.form}'")


def positive(x: Tensor) -> Tensor:
    """The paper's g: x + 0.5 where x >= 0, else sigmoid(x)."""
    r = torch.relu(x)  # (..., H)
    return r + torch.sigmoid(x - r)
