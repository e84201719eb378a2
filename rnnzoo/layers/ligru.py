"""The light gated recurrent unit: one gate, ReLU, and batch norm on what comes from the input.

z = sigmoid(BN(W_z x_t) + U_z h_{t-1})
n = relu(BN(W_n x_t) + U_n h_{t-1})
h_t = z * h_{t-1} + (1 - z) * n

BN(p) = gain * (p - mean) / sqrt(variance + 1e-5) + shift, channel by channel. In training mean and variance are those
of all rows and steps of the batch, padding apart; in evaluation, running averages of them.

Source: Ravanelli, Brakel, Omologo, Bengio, "Light Gated Recurrent Units for Speech Recognition", 2018, arXiv
1803.10225; the averages' rate of 0.05 and the orthogonal recurrent weights as in the authors' code
(mravanelli/pytorch-kaldi).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._products import product
from rnnzoo.ops.gated import Stage
from rnnzoo.ops.ragged import mask, zero_padding
from rnnzoo.registry import LAYERS

GATES = ("update", "candidate")
EPSILON = 1e-5
RATE = 0.05


def _gates(a: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    z, n = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(z), torch.relu(n)


def _update(a: Tensor, _: None, h: Tensor) -> tuple[Tensor]:
    z, n = _gates(a)
    return (torch.lerp(n, h, z),)


@LAYERS.register(
    "ligru",
    class_name="LiGRU",
    paper=Paper(
        "Light Gated Recurrent Units for Speech Recognition",
        "Mirco Ravanelli, Philemon Brakel, Maurizio Omologo, Yoshua Bengio",
        2018,
        "https://arxiv.org/abs/1803.10225",
    ),
    kind="gated",
    description="GRU without a reset gate, with ReLU, and batch norm on the input products",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/ligru.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent (and RecurrentLayers.jl) leave out the batch norm: theirs is batch_norm=False "
    "(tests/peers/test_gru_family_vs_torchrecurrent.py).",
)
class LiGRU(GatedCell):
    """Light gated recurrent unit. The paper's recurrent dropout is not part of the cell.

    With batch norm, rows of a training batch see one another through its mean and variance. A single `step` has no
    sequence to take them over and normalises with the running averages, in training too.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        batch_norm: whether the input products are normalised, as in the paper.
        bias: whether there are biases: with batch norm its shift, ``norm_bias`` (2H,), and no others (as in the paper);
            without it b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias`` and without batch norm, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (2H, I), ``weight_hh`` (2H, H) and the norm's gain,
            ``norm_weight`` (2H,), hold z, n; so do its running averages, the buffers ``norm_mean`` and ``norm_var``.

    Raises:
        ValueError: a size below 1.
    """

    norm_weight: nn.Parameter
    norm_bias: nn.Parameter
    norm_mean: Tensor
    norm_var: Tensor
    stages = (Stage("h", 2, 2, _update, ("h",), ("h",), summed=True, gates=_gates, gate_names=GATES),)

    def __init__(self, input_size: int, hidden_size: int, *, batch_norm: bool = True, **common: Any) -> None:
        self.batch_norm = batch_norm
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The matrices, and the norm's gain and shift in place of biases."""
        shapes = super().parameter_shapes()
        if self.batch_norm:
            shapes = {name: shape for name, shape in shapes.items() if not name.startswith("bias")}
            shapes["norm_weight"] = (2 * self.hidden_size,)
            if self.bias:
                shapes["norm_bias"] = (2 * self.hidden_size,)
        return shapes

    def reset_parameters(self) -> None:
        """Recurrent blocks orthogonal, the norm an identity, the rest as the base."""
        super().reset_parameters()
        for block in self.weight_hh.split(self.hidden_size):
            nn.init.orthogonal_(block)
        if self.batch_norm:
            nn.init.ones_(self.norm_weight)
            if self.bias:
                nn.init.zeros_(self.norm_bias)
            self.register_buffer("norm_mean", torch.zeros_like(self.norm_weight))
            self.register_buffer("norm_var", torch.ones_like(self.norm_weight))

    def hoist(self, x: Tensor) -> Tensor:
        """x (..., I) to the blocks z, n (..., 2H), normalised by the running averages."""
        if not self.batch_norm:
            return super().hoist(x)
        return self._normalised(product(x, self.weight_ih), self.norm_mean, self.norm_var)

    def hoist_sequence(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """x (B, T, I) to (B, T, 2H); in training normalised by the batch, which the averages then take in."""
        if not (self.batch_norm and self.training):
            return super().hoist_sequence(x, lengths)
        p = product(x if lengths is None else zero_padding(x, lengths), self.weight_ih)  # (B, T, 2H)
        if lengths is None:
            n = torch.tensor(float(p.shape[0] * p.shape[1]), device=p.device, dtype=p.dtype)
            mean, var = p.mean((0, 1)), p.var((0, 1), correction=0)  # (2H,) each
        else:
            real = mask(lengths.to(p.device), p.shape[1]).unsqueeze(-1)  # (B, T, 1)
            n = real.sum().to(p.dtype)
            mean = torch.where(real, p, 0).sum((0, 1)) / n
            var = torch.where(real, (p - mean) ** 2, 0).sum((0, 1)) / n
        self._remember(mean.detach(), var.detach(), n)
        return self._normalised(p, mean, var)

    def _normalised(self, p: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        p = (p - mean) * (self.norm_weight * torch.rsqrt(var + EPSILON))
        return p + self.norm_bias if self.bias else p

    @torch.no_grad()
    def _remember(self, mean: Tensor, var: Tensor, n: Tensor) -> None:
        unbiased = var * (n / (n - 1).clamp(min=1))
        self.norm_mean.lerp_(mean.to(self.norm_mean.dtype), RATE)
        self.norm_var.lerp_(unbiased.to(self.norm_var.dtype), RATE)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.batch_norm else ", batch_norm=False")
