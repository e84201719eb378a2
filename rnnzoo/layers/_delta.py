"""What the cells of the delta rule share: before a pair is stored, what its key reads is taken out of the state.

Queries, keys and values see their last steps through a short convolution and SiLU; queries and keys have length 1.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import rms_norm, softplus

from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._matrix import MatrixCell
from rnnzoo.layers._state_space import draw_step_bias
from rnnzoo.ops.short_convolution import short_convolution

EPS = 1e-5
STEPS = (1e-3, 0.1)  # the range of softplus(dt_bias) at first


class DeltaCell(MatrixCell):
    """Queries, keys and values by convolution; a subclass says what is forgotten and how the output is gated.

    Its `widths` begin with those of q, k and v, its `further` weights with `convolved`.
    """

    conv_weight: nn.Parameter
    conv_bias: nn.Parameter
    norm_weight: nn.Parameter
    A_log: nn.Parameter
    dt_bias: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        conv_size: int = 4,
        negative_eigenvalues: bool = False,
        **common: Any,
    ) -> None:
        check_sizes(conv_size=conv_size)
        self.window, self.negative_eigenvalues = conv_size, negative_eigenvalues
        super().__init__(input_size, hidden_size, **common)

    def convolved(self) -> dict[str, tuple[int, ...]]:
        """The convolution's filters (C, conv_size) and, with ``bias``, its bias (C,), C = the widths of q, k and v."""
        channels = sum(self.widths()[:3])
        bias = {"conv_bias": (channels,)} if self.bias else {}
        return {"conv_weight": (channels, self.window), **bias}

    def carried(self) -> dict[str, tuple[int, ...]]:
        """The tail of q, k and v before the convolution."""
        return {"tail": (self.window - 1, sum(self.widths()[:3]))}

    def hoist(self, x: Tensor) -> tuple[Tensor, ...]:
        """q, k and v as one (B, T, C), then the other products of x."""
        q, k, v, *rest = self.project(x)
        return torch.cat((q, k, v), -1), *rest

    def convolve(self, qkv: Tensor) -> tuple[Tensor, ...]:
        """q, k and v (B, T, width), of the products with the steps before them (B, conv_size - 1 + T, C)."""
        seen = short_convolution(qkv, self.conv_weight, self.conv_bias if self.bias else None)
        return seen.split(self.widths()[:3], -1)

    def strength(self, b: Tensor) -> Tensor:
        """beta, of its product: in (0, 1), or (0, 2), where a key's eigenvalue 1 - beta may be negative."""
        beta = torch.sigmoid(b)
        return 2 * beta if self.negative_eigenvalues else beta

    def fading(self, a: Tensor) -> Tensor:
        """log alpha = -exp(A_log) softplus(a + dt_bias), of its product a (..., N or N K); A_log is one a head."""
        rate = torch.exp(self.A_log).repeat_interleave(a.shape[-1] // self.num_heads)
        return -rate * softplus(a + self.dt_bias)

    def normed(self, y: Tensor) -> Tensor:
        """Each head (..., V) by its root mean square, weighted."""
        return rms_norm(y, (self.value_size,), self.norm_weight, EPS)

    @torch.no_grad()
    def draw_fading(self, least: float) -> None:
        """A uniform up to 16, softplus(dt_bias) log-uniform, as the authors' code has them (from Mamba-2's)."""
        A = torch.empty(self.A_log.shape, dtype=torch.float64).uniform_(least, 16).clamp(min=1e-3)
        self.A_log.copy_(A.log())
        draw_step_bias(self.dt_bias, *STEPS)


def unit(x: Tensor) -> Tensor:
    """x (..., K) to length 1; what is nearly nothing stays so."""
    return x * torch.rsqrt((x**2).sum(-1, keepdim=True) + 1e-6)
