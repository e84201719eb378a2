"""The simple recurrent unit: gates that see the last cell through per-channel weights, and a highway past the cell.

f_t = sigmoid(W_f x_t + v_f * c_{t-1} + b_f)
c_t = f_t * c_{t-1} + (1 - f_t) * W x_t
r_t = sigmoid(W_r x_t + v_r * c_{t-1} + b_r)
h_t = r_t * c_t + (1 - r_t) * alpha x_t                   alpha = sqrt(1 + 2 exp(highway_bias)); W_h x_t where I != H

Source: Lei, Zhang, Wang, Dai, Artzi, "Simple Recurrent Units for Highly Parallelizable Recurrence", EMNLP 2018,
arXiv 1709.02755, and the authors' code (asappresearch/sru, sru/modules.py) where the input has another width and for
how weights begin.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

from rnnzoo.contracts import Paper
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("forget", "reset", "candidate")


def _gates(x: Tensor, _: None, c: Tensor, v_f: Tensor, v_r: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    n, f, r = x[..., :3, :].unbind(-2)  # (..., H) each
    return torch.sigmoid(torch.addcmul(f, v_f, c)), torch.sigmoid(torch.addcmul(r, v_r, c)), n


def _update(x: Tensor, u: None, c: Tensor, v_f: Tensor, v_r: Tensor) -> tuple[Tensor, Tensor]:
    f, r, n = _gates(x, u, c, v_f, v_r)
    c = f * c + (1 - f) * n
    return r * c + (1 - r) * x[..., 3, :], c


@LAYERS.register(
    "sru",
    class_name="SRU",
    paper=Paper(
        "Simple Recurrent Units for Highly Parallelizable Recurrence",
        "Tao Lei, Yu Zhang, Sida I. Wang, Hui Dai, Yoav Artzi",
        2017,
        "https://arxiv.org/abs/1709.02755",
    ),
    kind="elementwise",
    description="simple recurrent unit: a gated cell without matrix products in time, and a highway past it",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/sru.py",
    exportable=True,
    double_backward=True,
)
class SRU(OneBiasCell):
    """Simple recurrent unit; the state is c, the output h.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        highway_bias: what b_r begins at, and what alpha is computed from.
        rescale: whether alpha is what keeps the variance of h at that of x as training begins; else alpha = 1. Where
            I != H, it scales W_h's first values instead.
        bias: whether there are b_f and b_r (``bias_ih`` (2H,)).
        device, dtype: of the parameters; ``weight_ih`` (3H, I) holds W, W_f, W_r; where I != H, the paper's x of the
            highway has no meaning, and W_h is a fourth block, as in the authors' code. ``v_f`` and ``v_r`` are (H,).

    Raises:
        ValueError: a size below 1.
    """

    states = ("c",)
    vectors = ("v_f", "v_r")
    v_f: nn.Parameter
    v_r: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        highway_bias: float = 0.0,
        rescale: bool = True,
        **common: Any,
    ) -> None:
        self.highway_bias, self.rescale = float(highway_bias), rescale
        self.alpha = math.sqrt(1 + 2 * math.exp(highway_bias)) if rescale else 1.0
        self.stages = (Stage(None, 4, 0, _update, ("c", "v_f", "v_r"), ("h", "c"), gates=_gates, gate_names=GATES),)
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As `GatedCell`, but for the highway's block where that is x itself, and with biases of the gates alone."""
        shapes, H = super().parameter_shapes(), self.hidden_size
        if self.input_size == H:
            shapes["weight_ih"] = (3 * H, H)
        return shapes | ({"bias_ih": (2 * H,)} if self.bias else {})

    def reset_parameters(self) -> None:
        """Weights of variance 1/I, those of the gates of half that, v_f and v_r of variance 1/2: the authors'."""
        H = self.hidden_size
        bound = (3 / self.input_size) ** 0.5
        nn.init.uniform_(self.weight_ih, -bound, bound)
        with torch.no_grad():
            self.weight_ih[H : 3 * H] *= 0.5**0.5
            self.weight_ih[3 * H :] *= self.alpha
        for v in (self.v_f, self.v_r):
            nn.init.uniform_(v, -(1.5**0.5), 1.5**0.5)
        if self.bias_ih is not None:
            nn.init.zeros_(self.bias_ih[:H])
            nn.init.constant_(self.bias_ih[H:], self.highway_bias)

    def input_bias(self) -> Tensor | None:
        """b_f and b_r, between zeros for W x and, where it is a product, the highway."""
        H = self.hidden_size
        return None if self.bias_ih is None else pad(self.bias_ih, (H, 0 if self.input_size == H else H))

    def hoist(self, x: Tensor) -> Tensor:
        """W x, W_f x + b_f, W_r x + b_r and the highway's alpha x or W_h x: x (..., I) to (..., 4H)."""
        product = linear(x, self.weight_ih, self.input_bias())  # (..., 3H or 4H)
        return torch.cat([product, self.alpha * x], -1) if self.input_size == self.hidden_size else product
