"""The layer-normalised LSTM: both products and the cell are normalised over their channels, at every step.

(i, f, g, o) = LN(W x_t) + b + LN(U h_{t-1}) + b'      the 4H channels of each product normalised together
c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
h_t = sigmoid(o) * tanh(LN(c_t) + s)                   what is carried is c_t itself

LN(p) = gain * (p - mean(p)) / sqrt(variance(p) + eps), each with a gain of its own. The paper writes the norms' shifts
and a bias apart; they only ever act in sum, and b, b' and s are the sums.

Source: Ba, Kiros, Hinton, "Layer Normalization", 2016, arXiv 1607.06450, supplementary material;
gains of 1 to begin with, and eps, from the authors' code (ryankiros/layer-norm).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._products import product
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("input", "forget", "candidate", "output")
EPSILON = 1e-5


def _gates(x: Tensor, u: Tensor, c: Tensor, *affine: Tensor) -> tuple[Tensor, ...]:
    gains = torch.stack(affine[:4], -2)  # (4, H)
    u = layer_norm(u, u.shape[-2:], eps=EPSILON)  # (..., 4, H)
    i, f, g, o = torch.addcmul(x, gains, u).unbind(-2)  # (..., H) each
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def _update(x: Tensor, u: Tensor, c: Tensor, *affine: Tensor) -> tuple[Tensor, Tensor]:
    gain_c, shift_c = affine[4], affine[5] if len(affine) > 5 else None  # (H,) each
    i, f, g, o = _gates(x, u, c, *affine)
    c = f * c + i * g
    return o * torch.tanh(layer_norm(c, c.shape[-1:], gain_c, shift_c, EPSILON)), c


@LAYERS.register(
    "layer_norm_lstm",
    class_name="LayerNormLSTM",
    paper=Paper(
        "Layer Normalization",
        "Jimmy Lei Ba, Jamie Ryan Kiros, Geoffrey E. Hinton",
        2016,
        "https://arxiv.org/abs/1607.06450",
    ),
    kind="gated",
    description="LSTM whose products and cell are normalised over their channels",
    tiny={"input_size": 3, "hidden_size": 6},
    oracle="tests/oracles/layer_norm_lstm.py",
    exportable=True,
    double_backward=True,
)
class LayerNormLSTM(GatedCell):
    """Layer-normalised LSTM; the states are h and c.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        bias: whether there are biases, b (``bias_ih``), b' (``bias_hh``) and s (``shift_c``, (H,)).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (4H, I), ``weight_hh`` (4H, H), the gains ``gain_ih`` and
            ``gain_hh`` (4H,) and the biases hold i, f, g, o; the cell's gain is ``gain_c`` (H,).

    Raises:
        ValueError: a size below 1.
    """

    gain_ih: nn.Parameter
    gain_hh: nn.Parameter
    states = ("h", "c")
    forget_block = 1
    """Which of the blocks of H rows is the forget gate's."""

    def __init__(self, input_size: int, hidden_size: int, *, bias: bool = True, **common: Any) -> None:
        self.vectors = ("gain_i", "gain_f", "gain_g", "gain_o", "gain_c", *(("shift_c",) if bias else ()))
        reads = ("c", *self.vectors)
        self.stages = (Stage("h", 4, 4, _update, reads, self.states, pointwise=False, gates=_gates, gate_names=GATES),)
        super().__init__(input_size, hidden_size, bias=bias, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The matrices and their biases, the gains of both products, and the cell's gain and shift."""
        H = self.hidden_size
        shapes = {name: shape for name, shape in super().parameter_shapes().items() if name not in self.vectors}
        own = dict.fromkeys(("gain_hh", "gain_c", *self.vectors[5:], "gain_ih"), (H,))
        return shapes | own | {"gain_hh": (4 * H,), "gain_ih": (4 * H,)}

    def reset_parameters(self) -> None:
        """Gains 1, biases 0, as in the authors' code; the rest as the base."""
        super().reset_parameters()
        for name, parameter in self.named_parameters():
            if not name.startswith("weight"):
                nn.init.constant_(parameter, float(name.startswith("gain")))

    def hoist(self, x: Tensor) -> Tensor:
        """x (..., I) to the normalised blocks i, f, g, o (..., 4H), all biases added."""
        p = product(x, self.weight_ih)
        p = layer_norm(p, p.shape[-1:], self.gain_ih, self.bias_ih, EPSILON)
        return p if self.bias_hh is None else p + self.bias_hh

    def vector_weights(self) -> dict[str, Tensor]:
        """The recurrent product's gains, block by block, and what the cell's norm has."""
        gains = zip(self.vectors, self.gain_hh.split(self.hidden_size), strict=False)
        return dict(gains) | {name: getattr(self, name) for name in self.vectors[4:]}

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """U without a bias: b' is added after the norm, and so with b."""
        return [self.weight_hh], [None]
