"""The block that Mamba, Griffin, xLSTM and RWKV are used in: norm, layer, residual, norm, gated MLP, residual.

u_t = N_1(x_t)                                            (I,)
u_t <- silu(sum_j w_j * u_{t-k+1+j} + b)                  conv=k: each channel over its last k steps; else as it is
a_t = x_t + d(f(u)_t)                                     P x_t, P (O, I), where the widths differ
y_t = a_t + d(D (silu(G N_2(a_t)) * U N_2(a_t)))          G, U (F, O), D (O, F); expansion=0: y_t = a_t

N is the root-mean-square norm (norm="rms") or the layer norm ("layer"), d dropout. With a convolution the state has one
member more than the cell's, the last k - 1 steps of N_1(x), (k - 1, I).

Source: Gu, Dao, arXiv 2312.00752 (Mamba: norm, layer, residual); De et al., "Griffin", arXiv 2402.19427, figure 2 (with
the gated MLP); Beck et al., "xLSTM", arXiv 2405.04517, figures 9 and 10 (the convolution and SiLU before an sLSTM).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnzoo.contracts import State
from rnnzoo.layers._checks import check_call
from rnnzoo.ops.gated_mlp import gated_mlp, mlp_width, rms_norm
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.ops.short_convolution import short_convolution
from rnnzoo.ops.window import extend
from rnnzoo.registry import unknown
from rnnzoo.wrappers._members import check_share
from rnnzoo.wrappers._wrapped import Stepper, WrappedCell, any_tensor, stepper
from rnnzoo.wrappers.residual import skip_around

NORMS = ("rms", "layer")


class Block(WrappedCell):
    """A pre-norm block around a cell.

    Parameters, beside the cell's: ``block_norm_weight`` (I,), and ``block_norm_bias`` of a layer norm;
    ``block_conv_weight`` (I, k) and ``block_conv_bias`` (I,); ``skip.weight`` (O, I); ``mlp_norm_weight`` (O,) and
    ``mlp_norm_bias``; ``mlp_up_weight`` (2F, O), G, then U, and ``mlp_down_weight`` (O, F).

    Args:
        cell: what it is around.
        norm: "rms" or "layer".
        conv: k, the steps that a convolution before the cell sees; 0: there is none.
        expansion: F / O, F rounded up; 0: there is no MLP.
        dropout: the share of both parts' outputs that is dropped in training.

    Raises:
        UnknownName: another norm.
        ValueError: a size, an expansion or a share out of its range.
    """

    name = "block"
    block_conv_weight: nn.Parameter
    block_conv_bias: nn.Parameter
    mlp_up_weight: nn.Parameter
    mlp_down_weight: nn.Parameter

    def __init__(
        self,
        cell: Any,
        norm: Literal["rms", "layer"] = "rms",
        conv: int = 0,
        expansion: float = 8 / 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(cell)
        if norm not in NORMS:
            raise unknown("norm of a block", norm, NORMS)
        if isinstance(conv, bool) or not isinstance(conv, int) or conv < 0:
            raise ValueError(f"conv is {conv!r}; expected how many steps the convolution sees, or 0 for none.")
        check_share("dropout", dropout)
        self.norm, self.conv, self.dropout, self.expansion = norm, conv, float(dropout), expansion
        self.adds = ("conv",) if conv > 1 else ()
        I, O = cell.input_size, cell.output_size
        like = any_tensor(cell).detach()

        def parameter(name: str, values: Tensor) -> None:
            self.register_parameter(name, nn.Parameter(values))

        self._norm_parameters("block_norm", like.new_ones(I))
        if conv:
            parameter("block_conv_weight", like.new_empty(I, conv).uniform_(-(conv**-0.5), conv**-0.5))
            parameter("block_conv_bias", like.new_zeros(I))
        self.skip = skip_around(cell)
        if expansion != 0:
            width = mlp_width(O, expansion)
            self._norm_parameters("mlp_norm", like.new_ones(O))
            parameter("mlp_up_weight", like.new_empty(2 * width, O).uniform_(-(O**-0.5), O**-0.5))
            parameter("mlp_down_weight", like.new_empty(O, width).uniform_(-(width**-0.5), width**-0.5))

    def _norm_parameters(self, name: str, ones: Tensor) -> None:
        self.register_parameter(f"{name}_weight", nn.Parameter(ones))
        if self.norm == "layer":
            self.register_parameter(f"{name}_bias", nn.Parameter(torch.zeros_like(ones)))

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The norms' parameters do not decay."""
        still = [parameter for name, parameter in self._parameters.items() if "_norm_" in name]
        return [{"params": still, "weight_decay": 0.0}]

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The inner cell's, and that of the steps before."""
        return (*self.cell.state_shapes, *((self.conv - 1, self.input_size) for _ in self.adds))

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """The inner cell's, and zeros for the steps before."""
        inner = self.cell.initial_state(batch_size, device=device, dtype=dtype)
        like = any_tensor(self).new_zeros(0, device=device, dtype=dtype)
        return (*inner, *(like.new_zeros(batch_size, self.conv - 1, self.input_size) for _ in self.adds))

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """All steps at once, by the inner cell's own way over a sequence."""
        state = check_call(self, x, state, lengths, any_tensor(self))
        x = x if lengths is None else zero_padding(x, lengths)
        u, inner, tail = self._before(x, state, lengths)
        y, final = self._inner(u, inner, lengths)
        y = self._after(x, y)
        return (y if lengths is None else zero_padding(y, lengths)), (*final, *tail)

    def seen(self, x: Tensor, state: State | None, lengths: Tensor | None) -> tuple[Tensor, State | None]:
        """The normed, convolved input and the inner cell's own state."""
        return self._before(x, self.initial_state(x.shape[0]) if state is None else state, lengths)[:2]

    def stepper(self, x: Tensor, state: State) -> Stepper:
        """The inner cell's steps, each in its block."""
        u, first, _ = self._before(x, state, None)
        inner, normed, k = stepper(self.cell, u, first), self._normed(x, "block_norm"), self.conv

        def step(t: int, state: State) -> tuple[Tensor, State]:
            own, tail = state[: len(first)], state[len(first) :]
            y, after = inner(t, own)
            tail = tuple(extend(normed[:, t : t + 1], before)[1] for before in tail if k)
            return self._after(x[:, t], y), (*after, *tail)

        return step

    def _before(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State, State]:
        """What the cell gets (B, T, I), its state, and the steps before at each row's end."""
        u = self._normed(x, "block_norm")
        if not self.conv:
            return u, state, ()
        inner, before = (state[:-1], state[-1]) if self.adds else (state, x.new_zeros(x.shape[0], 0, x.shape[2]))
        seen, after = extend(u, before, lengths)
        u = short_convolution(seen, self.block_conv_weight, self.block_conv_bias)
        return u, inner, (after,) if self.adds else ()

    def _after(self, x: Tensor, y: Tensor) -> Tensor:
        """Both residuals, and the MLP between them; x (..., I) and y (..., O)."""
        dtype = any_tensor(self).dtype
        a = self.skip(x).to(dtype) + self._dropped(y).to(dtype)
        if self.expansion == 0:
            return a
        part = gated_mlp(self._normed(a, "mlp_norm"), self.mlp_up_weight, self.mlp_down_weight)
        return a + self._dropped(part).to(dtype)

    def _normed(self, x: Tensor, name: str) -> Tensor:
        gain: Tensor = getattr(self, f"{name}_weight")
        if self.norm == "rms":
            return rms_norm(x.to(gain.dtype), gain)
        return F.layer_norm(x.to(gain.dtype), gain.shape, gain, getattr(self, f"{name}_bias"))

    def _dropped(self, y: Tensor) -> Tensor:
        return F.dropout(y, self.dropout) if self.dropout and self.training else y

    def extra_repr(self) -> str:
        """The options."""
        return f"norm='{self.norm}', conv={self.conv}, expansion={self.expansion:g}, dropout={self.dropout:g}"
