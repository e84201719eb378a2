"""HGRN: a gated linear recurrence whose forget gate has a floor that rises from layer to layer.

P = softmax of Gamma over the layers,  gamma_l = P_2 + ... + P_l            Gamma (L, H); gamma_1 = 0, all are below 1
mu_t = sigmoid(W_f x_t + b_f)
f_t = gamma_l + (1 - gamma_l) * mu_t
c_t = SiLU(W_c x_t + b_c)
g_t = sigmoid(W_g x_t + b_g)
form="real":     h_t = f_t * h_{t-1} + (1 - f_t) * c_t,                     y_t = g_t * h_t
form="complex":  h_t = f_t * exp(i theta) * h_{t-1} + (1 - f_t) * c_t,      y_t = g_t * [Re h_t, Im h_t]

Source: Qin, Yang, Zhong, "Hierarchically Gated Recurrent Neural Network for Sequence Modeling", 2023, arXiv 2311.04823,
section 3.2.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_place
from rnnzoo.layers._floors import lower_bound
from rnnzoo.layers._scan import ScanCell
from rnnzoo.layers._scan_stage import ChannelWeight
from rnnzoo.ops.scan import complex_scan
from rnnzoo.registry import LAYERS, unknown

FORMS = ("real", "complex")


@LAYERS.register(
    "hgrn",
    class_name="HGRN",
    paper=Paper(
        "Hierarchically Gated Recurrent Neural Network for Sequence Modeling",
        "Zhen Qin, Songlin Yang, Yiran Zhong",
        2023,
        "https://arxiv.org/abs/2311.04823",
    ),
    kind="scan",
    description="linear recurrence whose forget gates have a learned floor that rises with depth",
    tiny={"input_size": 3, "hidden_size": 4, "layer_index": 1, "num_layers": 3},
    oracle="tests/oracles/hgrn.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class HGRN(ScanCell):
    """Hierarchically gated recurrent network: its recurrence and output gate.

    The layer norm and the linear layer that follow y in the paper, and the channel mixer, are the model's to add.
    form="real" is the recurrence without the rotation, as flash-linear-attention has it; "complex" is the paper's,
    whose output is 2H wide. The authors' code and flash-linear-attention have SiLU in the output gate too.

    In a stack all layers of a direction share one Gamma. A layer by itself is the first of one, with a floor of 0; the
    stack tells every cell its place, ``layer_index`` and ``num_layers``.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state; of the output too in the real form.
        bias: whether the input products have biases.
        form: "real" or "complex".
        layer_index, num_layers: the layer's place in its stack, from 0, and the stack's depth, L.
        device, dtype: of the parameters: ``weight_ih`` holds the blocks f, c, g, (3H, I), or (5H, I) in the complex
            form, where c is real part then imaginary part, and g likewise; ``bias_ih`` alike; ``Gamma`` (L, H) in all
            layers but the first; ``theta`` (H,), the angles, in the complex form.

    Raises:
        ValueError: a size below 1, or a place that is not in the stack.
        UnknownName: no such form.
    """

    gate_names = ("forget", "candidate", "output")
    shared = ("Gamma",)
    Gamma: nn.Parameter
    theta: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        form: Literal["real", "complex"] = "real",
        layer_index: int = 0,
        num_layers: int = 1,
        **common: Any,
    ) -> None:
        if form not in FORMS:
            raise unknown("form", form, FORMS)
        check_place(layer_index, num_layers)
        self.form, self.layer_index, self.num_layers = form, layer_index, num_layers
        self.shapes = {"Gamma": (num_layers, hidden_size)}
        self.weights, self.blocks = ("Gamma",) if layer_index else (), 3
        if form == "complex":
            self.weights, self.blocks = (*self.weights, "theta"), 5
            self.shapes["h"] = (hidden_size, 2)
            self.complex_pairs = True
        super().__init__(input_size, hidden_size, **common)
        if form == "complex":
            self.output_size = 2 * hidden_size

    def reset_parameters(self) -> None:
        """Floors equally far apart, angles 10000^(-2j/H), j = 0 to H - 1, as the authors' code; the rest as usual."""
        super().reset_parameters()
        with torch.no_grad():
            if self.layer_index:
                self.Gamma.zero_()
            if self.form == "complex":
                H = self.hidden_size
                self.theta.copy_(10000 ** (-2 / H * torch.arange(H, dtype=torch.float64)))

    def lower_bound(self) -> Tensor:
        """gamma, the floor of this layer's forget gate (H,)."""
        return (
            lower_bound(self.Gamma, self.layer_index)
            if self.layer_index
            else self.weight_ih.new_zeros(self.hidden_size)
        )

    @ChannelWeight
    def floor(self) -> Tensor:
        """`lower_bound`, as the equations read it."""
        return self.lower_bound()

    def activate(self, mu: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """f (..., H), c and g, each (..., H) or, in the complex form, (..., 2H), of the products (..., H)."""
        c, g = rest if self.form == "real" else (torch.cat(rest[:2], -1), torch.cat(rest[2:], -1))
        floor = self.floor
        return floor + (1 - floor) * torch.sigmoid(mu), silu(c), torch.sigmoid(g)

    def coefficients(self, f: Tensor, c: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        """a = f and b = (1 - f) * c; pairs of real and imaginary part in the complex form."""
        if self.form == "real":
            return f, (1 - f) * c
        turn = torch.stack((self.theta.cos(), self.theta.sin()), -1)  # (H, 2)
        pairs = torch.stack(c.chunk(2, -1), -1)  # (B, T, H, 2)
        return f.unsqueeze(-1) * turn, (1 - f).unsqueeze(-1) * pairs

    def recurrence(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[State, State]:
        """As the base's, over complex numbers in the complex form."""
        if self.form == "real":
            return super().recurrence(values, state, lengths, backend)
        h, final = complex_scan(*self.coefficients(*values), state[0], lengths=lengths, backend=backend)
        return (h,), (final,)

    advance = ScanCell.advance  # in the real form; pairs are none of the stage's

    def readout(self, h: Tensor, f: Tensor, c: Tensor, g: Tensor) -> Tensor:
        """y = g * h, or g * [Re h, Im h]."""
        return g * (h if self.form == "real" else torch.cat(h.unbind(-1), -1))

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        place = f", layer_index={self.layer_index}, num_layers={self.num_layers}" if self.num_layers > 1 else ""
        return super().extra_repr() + place + ("" if self.form == "real" else f", form='{self.form}'")
