"""The structurally constrained recurrent network: a fast hidden layer beside a context that changes slowly.

s_t = (1 - alpha) * (B x_t + b_s) + alpha * s_{t-1}
h_t = sigmoid(P s_t + A x_t + R h_{t-1} + b_h)
y_t = f(U h_t + V s_t + b_y)

The output is not fed back: what the hidden layer sees of the step before is h.

Source: Mikolov, Joulin, Chopra, Mathieu, Ranzato, "Learning Longer Memory in Recurrent Neural Networks", 2014,
arXiv 1412.7753, where units may also learn an alpha each. The paper has no biases (``bias=False``), and its
f is the softmax of its language model. In the authors' code (facebookarchive/SCRNNs) h sees P s_{t-1}, not P s_t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._nonlinearities import nonlinearity as chosen
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _context(x: Tensor, _: None, s: Tensor, alpha: Tensor) -> tuple[Tensor]:
    return ((1 - alpha) * x[..., 0, :] + alpha * s,)


def _spread(_: None, u: Tensor) -> tuple[Tensor, Tensor]:
    return u[..., 0, :], u[..., 1, :]  # P s, V s


def _hidden(a: Tensor, _: None, ps: Tensor) -> tuple[Tensor]:
    return (torch.sigmoid(a[..., 0, :] + ps),)


def _output(_: None, u: Tensor, vs: Tensor, *, function: Callable[[Tensor], Tensor]) -> tuple[Tensor]:
    return (function(u[..., 0, :] + vs),)


@LAYERS.register(
    "scrn",
    class_name="SCRN",
    paper=Paper(
        "Learning Longer Memory in Recurrent Neural Networks",
        "Tomas Mikolov, Armand Joulin, Sumit Chopra, Michael Mathieu, Marc'Aurelio Ranzato",
        2014,
        "https://arxiv.org/abs/1412.7753",
    ),
    kind="gated",
    description="simple recurrent network beside a slow context, an exponential trace of the input",
    tiny={"input_size": 3, "hidden_size": 4, "context_size": 2},
    oracle="tests/oracles/scrn.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent 0.2.5 and RecurrentLayers.jl feed the output y back in place of the hidden h: "
    "tests/peers/test_classics_vs_torchrecurrent.py",
)
class SCRN(GatedCell):
    """Structurally constrained recurrent network; the states are h and the context s, the output is y.

    torchrecurrent and RecurrentLayers.jl hand y on to the next step where the paper hands on h.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of h and of the output.
        context_size: S, the width of s; None: H.
        alpha: what the context keeps of itself in a step, above 0 and below 1; 0.95 in the paper.
        adaptive: whether each unit of the context learns its own alpha, sigmoid(``decay``), from ``alpha`` on.
        nonlinearity: f: "tanh", "sigmoid" or "identity".
        bias: whether there are biases, ``bias_ih`` (S + H,), ``bias_hh_1`` and b_y, ``bias_hh_2`` (H,).
        recurrent_bias: with ``bias``, whether there are the last two; where S = H, ``bias_hh`` (2H,) holds them.
        device, dtype: of the parameters; ``weight_ih`` (S + H, I) holds B and A, ``weight_hh_0`` (2H, S) P and V,
            ``weight_hh_1`` (H, H) R and ``weight_hh_2`` (H, H) U; where S = H, ``weight_hh`` (4H, H) holds P, V, R, U.
            ``decay`` (S,) is there if ``adaptive``.

    Raises:
        ValueError: a size below 1, an alpha outside (0, 1).
        UnknownName: a nonlinearity that is none of the three.
    """

    decay: nn.Parameter
    states = ("h", "s")
    output = "y"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        context_size: int | None = None,
        alpha: float = 0.95,
        adaptive: bool = False,
        nonlinearity: str = "tanh",
        **common: Any,
    ) -> None:
        width = hidden_size if context_size is None else context_size
        check_sizes(context_size=width)
        if not 0 < alpha < 1:
            raise ValueError(f"alpha is {alpha}; expected a number above 0 and below 1.")
        output = partial(_output, function=chosen(nonlinearity, ("identity", "sigmoid", "tanh")))
        self.context_size, self.alpha, self.adaptive, self.nonlinearity = width, alpha, adaptive, nonlinearity
        self.vectors = ("decay",) if adaptive else ()
        self.sizes = {"s": width, "decay": width}
        self.stages = (
            Stage(None, 1, 0, _context, ("s", "alpha"), ("s",), size=width),
            Stage("s", 0, 2, _spread, (), ("ps", "vs"), recurrent_bias=False),
            Stage("h", 1, 1, _hidden, ("ps",), ("h",), summed=True),
            Stage("h", 0, 1, output, ("vs",), ("y",)),
        )
        super().__init__(input_size, hidden_size, **common)

    def reset_parameters(self) -> None:
        """As the base does, and every unit's own alpha at ``alpha``."""
        super().reset_parameters()
        if self.adaptive:
            nn.init.constant_(self.decay, math.log(self.alpha / (1 - self.alpha)))

    def vector_weights(self) -> dict[str, Tensor]:
        """alpha (S,): learned, or the same for all units."""
        if self.adaptive:
            return {"alpha": torch.sigmoid(self.decay)}
        return {"alpha": self.weight_ih.new_full((self.context_size,), self.alpha)}

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        usual = {"context_size": self.hidden_size, "alpha": 0.95, "adaptive": False, "nonlinearity": "tanh"}
        given = {name: getattr(self, name) for name in usual}
        return super().extra_repr() + "".join(f", {n}={given[n]!r}" for n in usual if given[n] != usual[n])
