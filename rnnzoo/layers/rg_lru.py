"""RG-LRU, the recurrence of Griffin: a linear recurrent unit whose decay and input are gated by the input.

r_t = sigmoid(W_a x_t + b_a)                                       recurrence gate
i_t = sigmoid(W_x x_t + b_x)                                       input gate
a_t = a^(c r_t),  a = sigmoid(Lambda),  c = 8                      log a_t = -c r_t softplus(-Lambda)
h_t = a_t * h_{t-1} + sqrt(1 - a_t^2) * (i_t * x_t)

Source: De, Smith, Fernando, Botev et al., "Griffin: Mixing Gated Linear Recurrences with Local Attention for Efficient
Language Models", 2024, arXiv 2402.19427, section 2.4, eqs. 1-4, and appendix A.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, softplus

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._scan import ScanCell
from rnnzoo.layers._scan_stage import ChannelWeight
from rnnzoo.registry import LAYERS

C = 8.0
DECAYS = (0.9, 0.999)
"""Between which a^c is drawn."""
STEEPEST = 1000.0
"""The most that the slope of the normaliser's square root may be; it has none at a = 1."""


@LAYERS.register(
    "rg_lru",
    class_name="RGLRU",
    paper=Paper(
        "Griffin: Mixing Gated Linear Recurrences with Local Attention for Efficient Language Models",
        "Soham De, Samuel L. Smith, Anushan Fernando, Aleksandar Botev, George Cristian-Muraru, Albert Gu, "
        "Ruba Haroun, Leonard Berrada, Yutian Chen, Srivatsan Srinivasan, Guillaume Desjardins, Arnaud Doucet, "
        "David Budden, Yee Whye Teh, Razvan Pascanu, Nando De Freitas, Caglar Gulcehre",
        2024,
        "https://arxiv.org/abs/2402.19427",
    ),
    kind="scan",
    description="the recurrence of Griffin: a decay and an input, each gated by the input, so that variance is kept",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2},
    oracle="tests/oracles/rg_lru.py",
    parallel=True,
    exportable=True,
    double_backward=True,
    differs="recurrentgemma takes 1 for the normaliser at the first step of a document, and draws a, not a^c, from "
    "[0.9, 0.999]: tests/layers/test_rg_lru.py",
)
class RGLRU(ScanCell):
    """Real-gated linear recurrent unit: the recurrence alone, without the convolution and the branches around it.

    Every step is equations 1 to 4, the first one too, so that a sequence in pieces gives what it gives whole. The
    authors' recurrentgemma clears the state at the first step of each document and puts 1 in place of
    sqrt(1 - a_1^2) there, which the paper does not; its ``a_param`` is -Lambda.

    The unit multiplies its input by gates of the state's width. Where I is not H, the linear layer that stands before
    it in Griffin's block gives its input, ``weight_ih`` (H, I), without a bias; where I is H there is none.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether the gates have biases.
        num_heads: n, the diagonal blocks of W_a and of W_x; it divides H. 1 is full matrices.
        device, dtype: of the parameters: ``weight_gates`` (2, n, H / n, H / n) holds W_a, then W_x, and ``bias_gates``
            (2H,) likewise; ``Lambda`` (H,); ``weight_ih`` (H, I) where I is not H.

    Raises:
        ValueError: a size below 1, or a number of heads that does not divide H.
    """

    gate_names = ("recurrence", "input")
    weight_gates: nn.Parameter
    bias_gates: nn.Parameter
    Lambda: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, *, bias: bool = True, num_heads: int = 1, **common: Any
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size, num_heads=num_heads)
        if hidden_size % num_heads:
            raise ValueError(f"num_heads is {num_heads}; expected a divisor of hidden_size, {hidden_size}.")
        width = hidden_size // num_heads
        self.num_heads = num_heads
        self.blocks = int(input_size != hidden_size)
        self.weights = ("weight_gates", *(("bias_gates",) if bias else ()), "Lambda")
        self.shapes = {"weight_gates": (2, num_heads, width, width), "bias_gates": (2 * hidden_size,)}
        super().__init__(input_size, hidden_size, bias=False, **common)
        self.bias = bias

    def reset_parameters(self) -> None:
        """Draw a^c uniformly from [0.9, 0.999] and the gates' matrices from N(0, 1 / their inputs); biases are zero."""
        with torch.no_grad():
            a = torch.empty_like(self.Lambda).uniform_(*DECAYS).log_().div_(C)  # log a
            self.Lambda.copy_(-torch.expm1(-a).log_())
            self.weight_gates.normal_(std=self.weight_gates.shape[-1] ** -0.5)
            if "bias_gates" in self.weights:
                self.bias_gates.zero_()
            if self.blocks:
                self.weight_ih.normal_(std=self.input_size**-0.5)

    def project(self, x: Tensor) -> tuple[Tensor, ...]:
        """W_a x + b_a, W_x x + b_x and the unit's input x, each (..., H), of x (..., I)."""
        (x,) = self.split(linear(x, self.weight_ih)) if self.blocks else (x.to(self.Lambda.dtype),)
        bias = self.bias_gates if "bias_gates" in self.weights else None
        if self.num_heads == 1:
            return *self.split(linear(x, self.weight_gates.flatten(0, 2), bias)), x
        heads = x.unflatten(-1, (self.num_heads, -1))  # (..., n, H / n)
        products = torch.einsum("...ni,gnoi->...gno", heads, self.weight_gates).flatten(-3)  # (..., 2H)
        return *self.split(products if bias is None else products + bias), x

    def one_product(self, rows: int) -> tuple[Tensor, Tensor | None] | None:
        """W_a W, W_x W and W (3H, I), of the layer W before the unit, where that is less than W and then W_a and W_x.

        So it is where x is narrower than the unit and the rows repay making the weight.
        """
        H, I = self.hidden_size, self.input_size
        if not self.blocks or self.num_heads > 1 or rows * (H - I) <= H * I:
            return None
        weight = torch.cat([linear(self.weight_ih.t(), self.weight_gates.flatten(0, 2)).t(), self.weight_ih])
        has_bias = "bias_gates" in self.weights
        return weight, torch.cat([self.bias_gates, self.bias_gates.new_zeros(H)]) if has_bias else None

    def activate(self, r: Tensor, i: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """r, i and the unit's input, each (..., H)."""
        return torch.sigmoid(r), torch.sigmoid(i), x

    @ChannelWeight
    def rate(self) -> Tensor:
        """-log a of an open gate, above zero (H,)."""
        return C * softplus(-self.Lambda)

    def coefficients(self, r: Tensor, i: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """a_t and sqrt(1 - a_t^2) * i * x."""
        log_a = -self.rate * r  # (..., H)
        return log_a.exp(), bounded_sqrt(-torch.expm1(2 * log_a)) * (i * x)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.num_heads == 1 else f", num_heads={self.num_heads}")


def bounded_sqrt(x: Tensor) -> Tensor:
    """The square root of x >= 0, its slope bounded by `STEEPEST`: at 0 the root has none, and 0 times that is NaN.

    Below 0 it is 0, so that native code can be compared on any numbers.

    Source: recurrentgemma, which bounds it alike.
    """
    knee = (0.5 / STEEPEST) ** 2  # from here on the slope, 1 / (2 sqrt(x)), is in bounds
    straight = STEEPEST * x
    root = x.detach().clamp(min=0).sqrt()
    straight = straight + (root - straight.detach())  # the value of the root, the slope of the line
    return torch.where(x > knee, x.clamp(min=knee).sqrt(), straight)
