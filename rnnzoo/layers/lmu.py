"""The Legendre memory unit: a nonlinear layer that writes to a linear memory of the last theta steps, and reads it.

u_t = e_x . x_t + e_h . h_{t-1} + e_m . m_{t-1}                           one number
m_t = A m_{t-1} + B u_t                                                   the window of u, as Legendre coefficients
h_t = tanh(W_x x_t + W_h h_{t-1} + W_m m_t + b)

A and B are the zero-order hold, over a step of 1, of theta m' = A' m + B' u with
A'_ij = (2i + 1) * (-1 if i < j else (-1)^(i - j + 1)),  B'_i = (2i + 1) (-1)^i;
then u_{t-r} is about the sum over i of P_i(2 r / theta - 1) m_i, P_i the Legendre polynomials.

Source: Voelker, Kajić, Eliasmith, "Legendre Memory Units: Continuous-Time Representation in Recurrent Neural Networks",
NeurIPS 2019; how it begins as in the authors' code (abr/neurips2019). The paper has no b (``bias=False``).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_positive, check_sizes
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _seen(_: None, u: Tensor) -> tuple[Tensor]:
    return (u[..., 0, :],)


def _memory(a: Tensor, _: None, written: Tensor) -> tuple[Tensor]:
    return (a[..., 0, :] + written,)


def _hidden(a: Tensor, _: None, recurrent: Tensor) -> tuple[Tensor]:
    return (torch.tanh(a[..., 0, :] + recurrent),)


@LAYERS.register(
    "lmu",
    class_name="LMU",
    paper=Paper(
        "Legendre Memory Units: Continuous-Time Representation in Recurrent Neural Networks",
        "Aaron R. Voelker, Ivana Kajić, Chris Eliasmith",
        2019,
        "https://papers.nips.cc/paper/9689-legendre-memory-units-continuous-time-representation-in-recurrent-neural-networks",
    ),
    kind="gated",
    description="nonlinear layer beside a linear memory that holds the Legendre coefficients of a sliding window",
    tiny={"input_size": 3, "hidden_size": 4, "order": 5, "theta": 6.0},
    oracle="tests/oracles/lmu.py",
    exportable=True,
    double_backward=True,
)
class LMU(OneBiasCell):
    """Legendre memory unit; the states are h and m, the output is h. The paper chooses order and theta by task.

    A and B are not trained, as in the paper. The whole of B (e . ) + A is one product in the loop.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of h and of the output.
        order: M, the width of m, the number of Legendre polynomials; None: H.
        theta: the length of the window, in steps.
        bias: whether there is b.
        device, dtype: of the parameters; ``weight_ih`` (1 + H, I) holds e_x, W_x; ``weight_hh`` (1 + H, H) e_h, W_h;
            ``weight_mm`` (1 + H, M) e_m, W_m; ``bias_ih`` (H,) is b. The buffers are ``A`` (M, M) and ``B`` (M,).

    Raises:
        ValueError: a size below 1, or a theta not above 0.
    """

    weight_mm: nn.Parameter
    A: Tensor
    B: Tensor
    states = ("h", "m")

    def __init__(
        self, input_size: int, hidden_size: int, *, order: int | None = None, theta: float = 100.0, **common: Any
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size, order=hidden_size if order is None else order)
        check_positive(theta=theta)
        self.order, self.theta = order, float(theta)
        M = hidden_size if order is None else order
        self.sizes = {"m": M}
        self.stages = (
            Stage("h", 0, 1, _seen, (), ("written",), size=M),
            Stage("m", 1, 1, _memory, ("written",), ("m",), summed=True, size=M),
            Stage("h", 0, 1, _seen, (), ("recurrent",)),
            Stage("m", 1, 1, _hidden, ("recurrent",), ("h",), summed=True),
        )
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Each matrix below its encoder, and b."""
        H = self.hidden_size
        widths = {"weight_ih": self.input_size, "weight_hh": H, "weight_mm": self.sizes["m"]}
        shapes: dict[str, tuple[int, ...]] = {name: (1 + H, width) for name, width in widths.items()}
        return shapes | ({"bias_ih": (H,)} if self.bias else {})

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """e_x and e_h uniform of variance 1 / width, e_m zero; W normal by Glorot's rule; b zero."""
        for weight in (self.weight_ih, self.weight_hh, self.weight_mm):
            bound = (3 / weight.shape[1]) ** 0.5
            nn.init.uniform_(weight[:1], -bound, bound)
            nn.init.xavier_normal_(weight[1:])
        nn.init.zeros_(self.weight_mm[:1])
        if self.bias_ih is not None:
            nn.init.zeros_(self.bias_ih)
        A, B = legendre_delay(self.sizes["m"], self.theta)
        self.register_buffer("A", A.to(self.weight_ih))
        self.register_buffer("B", B.to(self.weight_ih))

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """B e_h (M, H), A + B e_m (M, M), W_h (H, H), W_m (H, M)."""
        (e_h, W_h), (e_m, W_m) = (weight.split((1, self.hidden_size)) for weight in (self.weight_hh, self.weight_mm))
        B = self.B.unsqueeze(1)  # (M, 1)
        return [B * e_h, self.A + B * e_m, W_h, W_m], [None] * 4

    def input_weight(self) -> Tensor:
        """B e_x (M, I), then W_x (H, I)."""
        e_x, W_x = self.weight_ih.split((1, self.hidden_size))
        return torch.cat((self.B.unsqueeze(1) * e_x, W_x))

    def input_bias(self) -> Tensor | None:
        """M zeros, then b."""
        return None if self.bias_ih is None else torch.cat((torch.zeros_like(self.B), self.bias_ih))


def legendre_delay(order: int, theta: float) -> tuple[Tensor, Tensor]:
    """A (M, M) and B (M,), float64, of a step of 1 of the memory of M Legendre coefficients of theta steps."""
    i = torch.arange(order, dtype=torch.float64)
    sign = 1 - 2 * (i % 2)  # (-1)^i
    below = -sign.unsqueeze(1) * sign  # (-1)^(i - j + 1)
    generator = torch.zeros(order + 1, order + 1, dtype=torch.float64)  # of (m, u) over a step, u held
    generator[:order, :order] = torch.where(i.unsqueeze(1) < i, -torch.ones_like(below), below)
    generator[:order, order] = sign
    generator[:order] *= (2 * i + 1).unsqueeze(1) / theta
    step = torch.matrix_exp(generator)
    return step[:order, :order], step[:order, order]
