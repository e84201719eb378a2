"""The gated orthogonal recurrent unit: a GRU whose candidate comes from an orthogonal matrix and a modReLU.

z = sigmoid(W_z x_t + U_z h_{t-1} + b_z),  r = sigmoid(W_r x_t + U_r h_{t-1} + b_r)
c = modReLU(W_c x_t + r * (Q h_{t-1}))                 modReLU(a) = sign(a) max(0, |a| + m), m is learned
h_t = z * h_{t-1} + (1 - z) * c
Q = G_L ... G_2 G_1: each G turns disjoint pairs of units, (a, b) to (a cos - b sin, a sin + b cos), by learned angles
    style="tunable": G_1, G_3, ... turn units (0, 1), (2, 3), ...; G_2, G_4, ... (1, 2), (3, 4), ...; L is the capacity
    style="fft": L = log2 H; G_1 turns units H / 2 apart, G_2 those H / 4 apart, ..., the last neighbours

Source: Jing, Gulcehre, Peurifoy, Shen, Tegmark, Soljačić, Bengio, "Gated Orthogonal Recurrent Units: On Learning to
Forget", 2017, arXiv 1706.02761; Q is the real form of Jing et al., "Tunable Efficient Unitary Neural Networks", 2016,
arXiv 1612.05231. Details, and how it begins, as in the authors' code (jingli9111/GORU-tensorflow).
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._modrelu import modrelu
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown

STYLES = ("tunable", "fft")


def _gates(x: Tensor, u: Tensor, h: Tensor, m: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    z, r = torch.sigmoid(x[..., 0, :] + u[..., 0, :]), torch.sigmoid(x[..., 1, :] + u[..., 1, :])
    return z, r, modrelu(x[..., 2, :] + r * u[..., 2, :], m)  # (..., H) each


def _update(x: Tensor, u: Tensor, h: Tensor, m: Tensor) -> tuple[Tensor]:
    z, _, c = _gates(x, u, h, m)
    return (z * h + (1 - z) * c,)


NAMES = ("update", "reset", "candidate")


@LAYERS.register(
    "goru",
    class_name="GORU",
    paper=Paper(
        "Gated Orthogonal Recurrent Units: On Learning to Forget",
        "Li Jing, Caglar Gulcehre, John Peurifoy, Yichen Shen, Max Tegmark, Marin Soljačić, Yoshua Bengio",
        2017,
        "https://arxiv.org/abs/1706.02761",
    ),
    kind="gated",
    description="GRU whose candidate comes from an orthogonal matrix, a product of turns of pairs of units",
    tiny={"input_size": 3, "hidden_size": 4, "capacity": 3},
    oracle="tests/oracles/goru.py",
    exportable=True,
    double_backward=True,
)
class GORU(OneBiasCell):
    """Gated orthogonal recurrent unit. Q is worked out once a call, in double precision.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        capacity: L of the tunable style, 1 to H; with H every orthogonal matrix of determinant 1 can be had.
        style: "tunable" or "fft", for which H is a power of 2.
        bias: whether there are b_z and b_r.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) holds W_z, W_r, W_c; ``weight_hh`` (2H, H) U_z, U_r;
            ``bias_ih`` (2H,) b_z, b_r; m is ``modrelu_bias`` (H,); ``angles`` those of G_1, then of G_2, ...

    Raises:
        ValueError: a size below 1, a capacity above H, or an H that is no power of 2 with style="fft".
        UnknownName: no such style.
    """

    angles: nn.Parameter
    modrelu_bias: nn.Parameter
    vectors = ("modrelu_bias",)
    stages = (Stage("h", 3, 3, _update, ("h", "modrelu_bias"), ("h",), gates=_gates, gate_names=NAMES),)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        capacity: int = 2,
        style: Literal["tunable", "fft"] = "tunable",
        **common: Any,
    ) -> None:
        check_sizes(hidden_size=hidden_size, capacity=capacity)
        if style not in STYLES:
            raise unknown("style", style, STYLES)
        if style == "fft" and hidden_size & (hidden_size - 1):
            raise ValueError(f"hidden_size is {hidden_size}; expected a power of 2 with style='fft'.")
        if style == "tunable" and capacity > hidden_size:
            raise ValueError(f"capacity is {capacity}; expected 1 to {hidden_size} (hidden_size): more adds nothing.")
        self.capacity, self.style = capacity, style
        super().__init__(input_size, hidden_size, **common)

    def turned(self) -> list[tuple[Tensor, Tensor]]:
        """The first and the second unit of each pair that G_1, G_2, ... turn."""
        H, units = self.hidden_size, torch.arange(self.hidden_size)
        if self.style == "tunable":
            firsts = [units[k % 2 : H - 1 : 2] for k in range(self.capacity)]
            return [(first, first + 1) for first in firsts]
        apart = [H >> k for k in range(1, H.bit_length())]
        firsts = [units[units & distance == 0] for distance in apart]
        return [(first, first + distance) for first, distance in zip(firsts, apart, strict=True)]

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As `GatedCell`, with angles in place of the candidate's recurrent weight, and no bias beside m."""
        H = self.hidden_size
        shapes = super().parameter_shapes() | {"weight_hh": (2 * H, H)}
        shapes |= {"angles": (sum(len(first) for first, _ in self.turned()),)}
        return shapes | ({"bias_ih": (2 * H,)} if self.bias else {})

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Angles uniform in (-pi, pi); weights within 0.01; b_z = 0, b_r = 2, m = 0.01."""
        nn.init.uniform_(self.angles, -math.pi, math.pi)
        for weight in (self.weight_ih, self.weight_hh):
            nn.init.uniform_(weight, -0.01, 0.01)
        nn.init.constant_(self.modrelu_bias, 0.01)
        if self.bias_ih is not None:
            b_z, b_r = self.bias_ih.chunk(2)
            b_z.zero_()
            b_r.fill_(2.0)

    def orthogonal(self) -> Tensor:
        """Q (H, H), float64: what the turns do to the columns of the identity."""
        pairs = self.turned()
        each = self.angles.double().split([len(first) for first, _ in pairs])
        Q = torch.eye(self.hidden_size, dtype=torch.float64, device=self.angles.device)
        for (first, second), angles in zip(pairs, each, strict=True):
            first, second = first.to(Q.device), second.to(Q.device)
            cos, sin = angles.cos().unsqueeze(1), angles.sin().unsqueeze(1)
            a, b = Q[first], Q[second]  # (pairs, H)
            Q = Q.index_copy(0, first, a * cos - b * sin).index_copy(0, second, a * sin + b * cos)
        return Q

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """U_z, U_r and Q (3H, H)."""
        return [torch.cat((self.weight_hh, self.orthogonal().to(self.weight_hh.dtype)))], [None]

    def input_bias(self) -> Tensor | None:
        """b_z, b_r and zeros (3H,)."""
        if self.bias_ih is None:
            return None
        return torch.cat((self.bias_ih, self.bias_ih.new_zeros(self.hidden_size)))
