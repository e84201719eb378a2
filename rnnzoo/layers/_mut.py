"""What MUT1, MUT2 and MUT3 share: a reset gate before the candidate's product, and an update gate that lets it in.

n = tanh(U_n (r * h_{t-1}) + b'_n + ...)
h_t = z * n + (1 - z) * h_{t-1}

Source: Jozefowicz, Zaremba, Sutskever, "An Empirical Exploration of Recurrent Network Architectures", ICML 2015.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.ops.gated import Stage

PAPER = Paper(
    "An Empirical Exploration of Recurrent Network Architectures",
    "Rafal Jozefowicz, Wojciech Zaremba, Ilya Sutskever",
    2015,
    "https://proceedings.mlr.press/v37/jozefowicz15.html",
)
DIFFERS = (
    "torchrecurrent and RecurrentLayers.jl always project the input that the paper adds as it is; here only where I is "
    "not H (tests/peers/test_gru_family_vs_torchrecurrent.py)."
)


def _candidate(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.tanh(a[..., 0, :]),)  # (..., H)


def _mix(a: Tensor, _: None, z: Tensor, h: Tensor) -> tuple[Tensor]:
    (n,) = _candidate(a)
    return (torch.lerp(h, n, z),)


MIX = Stage("rh", 1, 1, _mix, ("z", "h"), ("h",), summed=True, gates=_candidate, gate_names=("candidate",))
"""The last stage, of the input block of n, the update gate z and the reset state rh."""
