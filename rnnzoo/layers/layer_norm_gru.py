"""The layer-normalised gated recurrent unit: every product is normalised over its channels, at every step.

(r, z) = sigmoid(LN(W_g x_t) + LN(U_g h_{t-1}))                         both gates' 2H channels normalised together
n = tanh(LN(W_n x_t) + r * LN(U_n h_{t-1}))
h_t = (1 - z) * h_{t-1} + z * n

LN(p) = gain * (p - mean(p)) / sqrt(variance(p) + 1e-5) + shift, each LN with a gain and a shift of its own.

Source: Ba, Kiros, Hinton, "Layer Normalization", 2016, arXiv 1607.06450, supplementary material, and the authors' code
(ryankiros/layer-norm), which has h_t = z * h_{t-1} + (1 - z) * n: the same, of a gate of the other sign.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

EPSILON = 1e-5


def _normalised(p: Tensor, gain: Tensor, shift: Tensor | None) -> Tensor:
    """The products p (..., 3H) of r, z, n: the gates' normalised together, then the candidate's."""
    widths = (p.shape[-1] // 3 * 2, p.shape[-1] // 3)
    parts = [layer_norm(part, part.shape[-1:], eps=EPSILON) for part in p.split(widths, -1)]
    p = torch.cat(parts, -1) * gain
    return p if shift is None else p + shift


def _gates(x: Tensor, u: Tensor, h: Tensor, gain: Tensor, shift: Tensor | None = None) -> tuple[Tensor, ...]:
    u = _normalised(u.flatten(-2), gain, shift).unflatten(-1, (3, -1))  # (..., 3, H)
    r, z = torch.sigmoid(x[..., :2, :] + u[..., :2, :]).unbind(-2)  # (..., H) each
    return r, z, torch.tanh(x[..., 2, :] + r * u[..., 2, :])


def _update(x: Tensor, u: Tensor, h: Tensor, gain: Tensor, shift: Tensor | None = None) -> tuple[Tensor]:
    _, z, n = _gates(x, u, h, gain, shift)
    return (torch.lerp(h, n, z),)


@LAYERS.register(
    "layer_norm_gru",
    class_name="LayerNormGRU",
    paper=Paper(
        "Layer Normalization",
        "Jimmy Lei Ba, Jamie Ryan Kiros, Geoffrey E. Hinton",
        2016,
        "https://arxiv.org/abs/1607.06450",
    ),
    kind="gated",
    description="GRU whose input and recurrent products are normalised over their channels",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/layer_norm_gru.py",
    backends=("reference", "torch"),
    exportable=True,
    double_backward=True,
)
class LayerNormGRU(GatedCell):
    """Layer-normalised GRU. As in the paper an open update gate lets the candidate in (torch's GRU: the state).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether the norms have shifts, ``shift_ih`` and ``shift_hh`` (3H,); the products have no other biases.
        recurrent_bias: with ``bias``, whether there is ``shift_hh``.
        device, dtype: of the parameters; ``weight_ih`` (3H, I), ``weight_hh`` (3H, H) and the norms' gains ``gain_ih``
            and ``gain_hh`` (3H,) hold r, z, n.

    Raises:
        ValueError: a size below 1.
    """

    gain_ih: nn.Parameter
    shift_ih: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, *, bias: bool = True, recurrent_bias: bool = True, **common: Any
    ) -> None:
        self.vectors = ("gain_hh", "shift_hh") if bias and recurrent_bias else ("gain_hh",)
        self.sizes = dict.fromkeys(self.vectors, 3 * hidden_size)
        reads, names = ("h", *self.vectors), ("reset", "update", "candidate")
        self.stages = (Stage("h", 3, 3, _update, reads, ("h",), pointwise=False, gates=_gates, gate_names=names),)
        super().__init__(input_size, hidden_size, bias=bias, recurrent_bias=recurrent_bias, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As the base's, gains and shifts in place of biases."""
        shapes = {name: shape for name, shape in super().parameter_shapes().items() if not name.startswith("bias")}
        names = ("gain_ih", "shift_ih") if self.bias else ("gain_ih",)
        return shapes | dict.fromkeys(names, (3 * self.hidden_size,))

    def reset_parameters(self) -> None:
        """Gains 1, shifts 0, as in the authors' code; the rest as the base."""
        super().reset_parameters()
        for name, parameter in self.named_parameters():
            if name.startswith(("gain", "shift")):
                nn.init.constant_(parameter, float(name.startswith("gain")))

    def hoist(self, x: Tensor) -> Tensor:
        """x (..., I) to the normalised blocks r, z, n (..., 3H)."""
        p = linear(x, self.weight_ih).to(self.weight_ih.dtype)  # autocast multiplies in half precision
        return _normalised(p, self.gain_ih, self.shift_ih if self.bias else None)
