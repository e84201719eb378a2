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
from torch.nn.functional import layer_norm, pad

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._products import product
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

EPSILON = 1e-5


def _normalised(p: Tensor) -> list[Tensor]:
    """The products p (..., 3H), centred and scaled: both gates' together (..., 2H), then the candidate's (..., H)."""
    widths = (p.shape[-1] // 3 * 2, p.shape[-1] // 3)
    return [layer_norm(part, part.shape[-1:], eps=EPSILON) for part in p.split(widths, -1)]


def _normalise(_: None, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    gates, n = _normalised(u.flatten(-2))
    r, z = gates.chunk(2, -1)  # (..., H) each
    return r, z, n


def _gates(x: Tensor, _: None, r: Tensor, z: Tensor, n: Tensor, h: Tensor, *affine: Tensor) -> tuple[Tensor, ...]:
    gain_r, gain_z, gain_n, *shift_n = affine  # (H,) each
    x_r, x_z, x_n = x.unbind(-2)  # (..., H) each
    r, z = torch.sigmoid(torch.addcmul(x_r, gain_r, r)), torch.sigmoid(torch.addcmul(x_z, gain_z, z))
    u = torch.addcmul(shift_n[0], gain_n, n) if shift_n else gain_n * n
    return r, z, torch.tanh(torch.addcmul(x_n, r, u))


def _update(x: Tensor, _: None, r: Tensor, z: Tensor, n: Tensor, h: Tensor, *affine: Tensor) -> tuple[Tensor]:
    _r, z, n = _gates(x, _, r, z, n, h, *affine)
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
    gain_hh: nn.Parameter
    shift_ih: nn.Parameter
    shift_hh: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, *, bias: bool = True, recurrent_bias: bool = True, **common: Any
    ) -> None:
        self.vectors = ("gain_r", "gain_z", "gain_n", *(("shift_n",) if bias and recurrent_bias else ()))
        reads, names = ("r", "z", "n", "h", *self.vectors), ("reset", "update", "candidate")
        self.stages = (
            Stage("h", 0, 3, _normalise, (), ("r", "z", "n"), pointwise=False),
            Stage(None, 3, 0, _update, reads, ("h",), gates=_gates, gate_names=names),
        )
        super().__init__(input_size, hidden_size, bias=bias, recurrent_bias=recurrent_bias, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The matrices, and gains and shifts in place of biases."""
        shapes = {name: shape for name, shape in super().parameter_shapes().items() if name.startswith("weight")}
        names = ["gain_ih", "gain_hh", *["shift_ih"] * self.bias, *["shift_hh"] * (self.bias and self.recurrent_bias)]
        return shapes | dict.fromkeys(names, (3 * self.hidden_size,))

    def reset_parameters(self) -> None:
        """Gains 1, shifts 0, as in the authors' code; the rest as the base."""
        super().reset_parameters()
        for name, parameter in self.named_parameters():
            if name.startswith(("gain", "shift")):
                nn.init.constant_(parameter, float(name.startswith("gain")))

    @property
    def gain_r(self) -> Tensor:
        """The recurrent norm's gain (H,) for the reset gate."""
        return self.gain_hh.split(self.hidden_size)[0]

    @property
    def gain_z(self) -> Tensor:
        """The recurrent norm's gain (H,) for the update gate."""
        return self.gain_hh.split(self.hidden_size)[1]

    @property
    def gain_n(self) -> Tensor:
        """The recurrent norm's gain (H,) for the candidate."""
        return self.gain_hh.split(self.hidden_size)[2]

    @property
    def shift_n(self) -> Tensor:
        """The recurrent norm's shift (H,) for the candidate."""
        return self.shift_hh.split(self.hidden_size)[2]

    def hoist(self, x: Tensor) -> Tensor:
        """x (..., I) to the normalised blocks r, z, n (..., 3H), which take along the gates' recurrent shifts."""
        p = product(x, self.weight_ih)
        p = torch.cat(_normalised(p), -1) * self.gain_ih
        if not self.bias:
            return p
        H = self.hidden_size
        return p + (self.shift_ih + pad(self.shift_hh[: 2 * H], (0, H)) if self.recurrent_bias else self.shift_ih)
