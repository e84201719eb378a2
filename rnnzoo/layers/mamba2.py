"""Mamba-2: Mamba with one decay for all channels of a head, which makes its state space a linear attention.

z_t, [u_t, B_t, C_t], r_t = W x_t                           (N V,), (N V + 2K,), (N,)
u_t, B_t, C_t <- silu(conv(.)_t)                            each channel over its last k steps; all heads share B and C
dt_t = softplus(r_t + dt_bias)                              one a head
S_t = exp(-exp(A_log) dt_t) S_{t-1} + (dt_t u_t) B_t^T      (V, K) in each of N heads
y_t = O norm((S_t C_t + D u_t) * silu(z_t))                 norm: root mean square over all heads, weighted

Source: Dao, Gu, "Transformers are SSMs: Generalized Models and Efficient Algorithms Through Structured State Space
Duality", 2024, arXiv 2405.21060, section 7; initialisation as in the authors' mamba2.py.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import rms_norm, silu, softplus

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._matrix import MatrixCell
from rnnzoo.layers._state_space import check_steps, draw_step_bias
from rnnzoo.ops.short_convolution import short_convolution
from rnnzoo.registry import LAYERS

EPS = 1e-5


@LAYERS.register(
    "mamba2",
    class_name="Mamba2",
    paper=Paper(
        "Transformers are SSMs: Generalized Models and Efficient Algorithms Through Structured State Space Duality",
        "Tri Dao, Albert Gu",
        2024,
        "https://arxiv.org/abs/2405.21060",
    ),
    kind="matrix",
    description="selective state space with one decay a head, between a convolution and a gate",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3, "conv_size": 3},
    oracle="tests/oracles/mamba2.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class Mamba2(MatrixCell):
    """Mamba-2: the block as a layer, without the norm and the residual that a stack of the authors' has around it.

    Parameters: ``weight_ih``, the rows of z, u, B, C, then r; ``conv_weight`` (N V + 2K, conv_size) and ``conv_bias``;
    ``dt_bias``, ``A_log`` and ``D`` (N,), which do not decay; ``norm_weight`` (N V,); ``out_weight`` (H, N V). The
    state is S (N, V, K), and the convolution's tail.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output; the authors' d_model.
        num_heads: N.
        key_size: K, the authors' d_state; ``None`` is 64.
        value_size: V, the authors' headdim; ``None`` is expand H / N.
        expand: N V / H.
        conv_size: the steps that the convolution sees.
        dt_min, dt_max: the range of the step sizes at first.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: whether the convolution has a bias.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, no range of step sizes, heads that do not divide expand H, or an impossible chunk
            size.
    """

    gate_names = ("step", "output")
    undecayed = ("dt_bias", "A_log", "D")
    conv_weight: nn.Parameter
    conv_bias: nn.Parameter
    dt_bias: nn.Parameter
    A_log: nn.Parameter
    D: nn.Parameter
    norm_weight: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        expand: int = 2,
        conv_size: int = 4,
        dt_min: float = 0.001,
        dt_max: float = 0.1,
        **common: Any,
    ) -> None:
        check_sizes(expand=expand, conv_size=conv_size)
        check_steps(dt_min, dt_max)
        self.expand, self.window, self.dt_min, self.dt_max = expand, conv_size, dt_min, dt_max
        super().__init__(input_size, hidden_size, **common)

    def usual_key_size(self) -> int:
        """The authors' is 128, for wide models."""
        return 64

    def usual_value_size(self) -> int:
        """expand H / N."""
        return self.per_head(self.expand * self.hidden_size)

    def widths(self) -> tuple[int, ...]:
        """Of z, of u, B and C, and of r."""
        inner = self.num_heads * self.value_size
        return inner, inner + 2 * self.key_size, self.num_heads

    def further(self) -> dict[str, tuple[int, ...]]:
        """The convolution, the step sizes, A, D and the norm."""
        inner, channels, N = self.widths()
        bias = {"conv_bias": (channels,)} if self.bias else {}
        own = {"dt_bias": (N,), "A_log": (N,), "D": (N,), "norm_weight": (inner,)}
        return {"conv_weight": (channels, self.window), **bias, **own}

    def carried(self) -> dict[str, tuple[int, ...]]:
        """The tail of u, B and C before the convolution."""
        return {"tail": (self.window - 1, self.widths()[1])}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """dt log-uniform where r is 0, A uniform from -16 to -1, D and the norm one; the others as torch's layers."""
        super().reset_parameters()
        if self.bias:
            nn.init.uniform_(self.conv_bias, -(self.window**-0.5), self.window**-0.5)
        draw_step_bias(self.dt_bias, self.dt_min, self.dt_max)
        self.A_log.copy_(torch.empty(self.A_log.shape, dtype=torch.float64).uniform_(1, 16).log())
        nn.init.ones_(self.D)

    def hoist(self, x: Tensor) -> tuple[Tensor, ...]:
        """u, B and C as one (B, T, N V + 2K), then z (B, T, N V) and r (B, T, N)."""
        z, uBC, r = self.project(x)
        return uBC, z, r

    def gates(self, uBC: Tensor, z: Tensor, r: Tensor) -> tuple[Tensor, ...]:
        """dt (B, T, N) and silu(z) (B, T, N V); u (B, T, N, V), B and C (B, T, K)."""
        seen = short_convolution(uBC, self.conv_weight, self.conv_bias if self.bias else None)
        u, B, C = seen.split((z.shape[-1], self.key_size, self.key_size), -1)
        return softplus(r + self.dt_bias), silu(z), self.heads(u), B, C

    def memory(self, dt: Tensor, z: Tensor, u: Tensor, B: Tensor, C: Tensor) -> dict[str, Tensor]:
        """B is the key and C the query of every head."""
        fading = (-torch.exp(self.A_log) * dt).unsqueeze(-1)
        k, q = (shared.unsqueeze(2).expand(-1, -1, self.num_heads, -1) for shared in (B, C))
        return {"q": q, "k": k, "v": dt.unsqueeze(-1) * u, "log_decay": fading}

    def readout(self, y: Tensor, dt: Tensor, z: Tensor, u: Tensor, *rest: Tensor) -> Tensor:
        """O norm((y + D u) * silu(z)) (B, T, H)."""
        y = (y + self.D[:, None] * u).flatten(-2) * z
        return self.project_out(rms_norm(y, (y.shape[-1],), self.norm_weight, EPS))
