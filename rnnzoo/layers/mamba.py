"""Mamba: a gated block around a selective state space (S6), whose step size, input and output depend on the input.

u_t, z_t = W x_t                                            (E,) each
u_t <- silu(conv(u)_t)                                      each channel over its last k steps
r_t, B_t, C_t = X u_t                                       (R,), (N,), (N,)
dt_t = softplus(V r_t + b)                                  (E,)
h_t = exp(dt_t A) * h_{t-1} + (dt_t u_t) B_t^T              (E, N), A = -exp(A_log)
y_t = O ((h_t C_t + D * u_t) * silu(z_t))                   (H,)

Source: Gu, Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023, arXiv 2312.00752;
initialisation and the simpler input rule dt B, which stands for the exact one, as in the
authors' mamba_simple.py.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu, softplus

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._products import product
from rnnzoo.layers._scan import ScanCell
from rnnzoo.layers._state_space import check_steps, draw_step_bias
from rnnzoo.ops.short_convolution import short_convolution
from rnnzoo.ops.state_space import selective_state_space, state_space_in_c
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "mamba",
    class_name="Mamba",
    paper=Paper(
        "Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
        "Albert Gu, Tri Dao",
        2023,
        "https://arxiv.org/abs/2312.00752",
    ),
    kind="scan",
    description="state space whose step size, input and output the input chooses, between a convolution and a gate",
    tiny={"input_size": 3, "hidden_size": 4, "state_size": 3},
    oracle="tests/oracles/mamba.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class Mamba(ScanCell):
    """Mamba: the block as a layer, without the norm and the residual that a stack of the authors' has around it.

    Parameters, with E = expand H: ``weight_ih`` (2E, I), u, then z; ``conv_weight`` (E, k) and ``conv_bias`` (E,);
    ``x_weight`` (R + 2N, E), r, B, then C; ``dt_weight`` (E, R) and ``dt_bias`` (E,); ``A_log`` (E, N) and ``D`` (E,),
    which do not decay; ``out_weight`` (H, E). The state is (E, N), and the convolution's tail (k - 1, E). The values
    shown as gates are dt ("step") and silu(z) ("output").

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output; the authors' d_model, where the input has it too.
        bias: whether the convolution has a bias.
        state_size: N, the numbers of each channel's state.
        conv_size: k, the steps that the convolution sees.
        expand: E / H.
        dt_rank: R; ``None`` is H / 16, rounded up.
        dt_min, dt_max: the range of the step sizes at first.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, or no range of step sizes.
    """

    gate_names = ("step", "output")
    undecayed = ("A_log", "D")
    conv_weight: nn.Parameter
    conv_bias: nn.Parameter
    x_weight: nn.Parameter
    dt_weight: nn.Parameter
    dt_bias: nn.Parameter
    A_log: nn.Parameter
    D: nn.Parameter
    out_weight: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        state_size: int = 16,
        conv_size: int = 4,
        expand: int = 2,
        dt_rank: int | None = None,
        dt_min: float = 0.001,
        dt_max: float = 0.1,
        **common: Any,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        R = math.ceil(hidden_size / 16) if dt_rank is None else dt_rank
        check_sizes(state_size=state_size, conv_size=conv_size, expand=expand, dt_rank=R)
        check_steps(dt_min, dt_max)
        self.window, self.dt_min, self.dt_max = conv_size, dt_min, dt_max
        self.weights = ("weight_ih", "conv_weight", *(("conv_bias",) if bias else ()))
        self.weights += ("x_weight", "dt_weight", "dt_bias", "A_log", "D", "out_weight")
        E = expand * hidden_size
        self.shapes = {
            **dict.fromkeys(("conv_bias", "dt_bias", "D"), (E,)),
            "weight_ih": (2 * E, input_size),
            "conv_weight": (E, conv_size),
            "x_weight": (R + 2 * state_size, E),
            "dt_weight": (E, R),
            "A_log": (E, state_size),
            "out_weight": (hidden_size, E),
            "h": (E, state_size),
            "tail": (conv_size - 1, E),
        }
        super().__init__(input_size, hidden_size, bias=bias, **common)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """dt log-uniform where r is 0; A = -1, ..., -N in every channel; D = 1; the others as torch's linear."""
        for name in ("weight_ih", "conv_weight", "x_weight", "dt_weight", "out_weight"):
            weight = getattr(self, name)
            nn.init.uniform_(weight, -(weight.shape[1] ** -0.5), weight.shape[1] ** -0.5)
        if self.bias:
            nn.init.uniform_(self.conv_bias, -(self.window**-0.5), self.window**-0.5)
        draw_step_bias(self.dt_bias, self.dt_min, self.dt_max)
        self.A_log.copy_(torch.arange(1, self.A_log.shape[1] + 1, dtype=torch.float64).log())
        nn.init.ones_(self.D)

    def hoist(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """u and z (B, T, E)."""
        u, z = product(x, self.weight_ih).chunk(2, -1)
        return u, z

    def selection(self, u: Tensor) -> tuple[Tensor, ...]:
        """u (B, T, E), what dt is softplus of (B, T, E), and B and C (B, T, N), of u with the steps before it."""
        u = short_convolution(u, self.conv_weight, self.conv_bias if self.bias else None)
        R, N = self.dt_weight.shape[1], self.A_log.shape[1]
        r, B, C = product(u, self.x_weight).split((R, N, N), -1)
        return u, product(r, self.dt_weight) + self.dt_bias, B, C  # in bfloat16 a bias of -9 moves e^-9 by 3 %

    def gates(self, u: Tensor, z: Tensor) -> tuple[Tensor, ...]:
        """dt and silu(z) (B, T, E); u (B, T, E), B and C (B, T, N), of u with the steps before it and of z."""
        u, r, B, C = self.selection(u)
        return softplus(r), silu(z), u, B, C

    def outputs(
        self, hoisted: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """As `ScanCell.outputs`; in native code no state is written out, nor what comes of it before z's gate."""
        u, z = hoisted
        if backend != "c" or not state_space_in_c("selective", z):
            return super().outputs(hoisted, state, lengths, backend)
        u, r, B, C = self.selection(u)
        given = (u, r, z, -torch.exp(self.A_log), B, C, self.D, state[0])
        y, final = selective_state_space(*given, lengths=lengths, backend=backend)
        return product(y, self.out_weight), (final,)

    def coefficients(self, dt: Tensor, z: Tensor, u: Tensor, B: Tensor, C: Tensor) -> tuple[Tensor, Tensor]:
        """exp(dt A) and (dt u) B^T, each (B, T, E, N)."""
        return torch.exp(dt.unsqueeze(-1) * -torch.exp(self.A_log)), (dt * u).unsqueeze(-1) * B.unsqueeze(-2)

    def readout(self, h: Tensor, dt: Tensor, z: Tensor, u: Tensor, B: Tensor, C: Tensor) -> Tensor:
        """O ((h C + D * u) * silu(z)) (B, T, H), of states h (B, T, E, N)."""
        y = (h @ C.unsqueeze(-1)).squeeze(-1).to(u.dtype) + self.D * u  # (B, T, E)
        return product(y * z, self.out_weight)
