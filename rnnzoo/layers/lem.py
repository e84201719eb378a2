"""Long expressive memory: two states whose time steps are learned, the second driven by the first as just updated.

d  = dt sigmoid(V_1 x_t + b_1 + W_1 y_{t-1} + b'_1)                    the step of y
d' = dt sigmoid(V_2 x_t + b_2 + W_2 y_{t-1} + b'_2)                    the step of z
z_t = (1 - d') * z_{t-1} + d' * tanh(V_z x_t + b_z + W_z y_{t-1} + b'_z)
y_t = (1 - d) * y_{t-1} + d * tanh(V_y x_t + b_y + W_y z_t + b'_y)     of the new z

Source: Rusch, Mishra, Erichson, Mahoney, "Long Expressive Memory for Sequence Modeling", ICLR 2022, arXiv 2110.04744,
and the authors' code (tk-rusch/LEM, FitzHughNagumo/network.py), where z is updated before y reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_positive
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._one_bias import changed_options
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


@dataclass(frozen=True)
class _Steps:
    """The equations, of a longest time step ``dt``."""

    dt: float

    def of_z(self, a: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
        d, d_z, n = a.unbind(-2)  # (..., H) each
        return self.dt * torch.sigmoid(d), self.dt * torch.sigmoid(d_z), torch.tanh(n)

    def z(self, a: Tensor, _: None, z: Tensor) -> tuple[Tensor, Tensor]:
        d, d_z, n = self.of_z(a)
        return d, (1 - d_z) * z + d_z * n

    def y(self, a: Tensor, _: None, d: Tensor, y: Tensor) -> tuple[Tensor]:
        (n,) = _candidate(a)
        return ((1 - d) * y + d * n,)


def _candidate(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.tanh(a[..., 0, :]),)


GATES = ("step_y", "step_z", "candidate_z")


@LAYERS.register(
    "lem",
    class_name="LEM",
    paper=Paper(
        "Long Expressive Memory for Sequence Modeling",
        "T. Konstantin Rusch, Siddhartha Mishra, N. Benjamin Erichson, Michael W. Mahoney",
        2021,
        "https://arxiv.org/abs/2110.04744",
    ),
    kind="gated",
    description="long expressive memory: two states with learned time steps, bounded by 1",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/lem.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent 0.2.5 updates y with the old z (tests/peers/test_dynamics_vs_torchrecurrent.py)",
)
class LEM(GatedCell):
    """Long expressive memory; the states are y, which is put out, and z.

    torchrecurrent (0.2.5) and RecurrentLayers.jl give y the z of the step before; the paper and its authors' code, and
    this cell, the z just made.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        dt: the longest time step; up to 1, both states stay within -1 and 1.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (4H, I) and ``weight_hh`` (4H, H) hold d, d', z, y; the last
            block of ``weight_hh`` multiplies z, the others y.

    Raises:
        ValueError: a size below 1, or dt not above 0.
    """

    states = ("y", "z")
    output = "y"

    def __init__(self, input_size: int, hidden_size: int, *, dt: float = 1.0, **common: Any) -> None:
        check_positive(dt=dt)
        self.dt = dt
        steps = _Steps(dt)
        self.stages = (
            Stage("y", 3, 3, steps.z, ("z",), ("d", "z"), summed=True, gates=steps.of_z, gate_names=GATES),
            Stage("z", 1, 1, steps.y, ("d", "y"), ("y",), summed=True, gates=_candidate, gate_names=("candidate_y",)),
        )
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + changed_options(self)
