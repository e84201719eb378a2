"""The recurrent highway network: several highway layers in each step.

s_0 = h_{t-1}; for l = 1 .. depth, with W x only where l = 1:
n = tanh(W_n x_t + b_n + R_n s_{l-1} + b'_n)
t = sigmoid(W_t x_t + b_t + R_t s_{l-1} + b'_t)              transform
c = sigmoid(W_c x_t + b_c + R_c s_{l-1} + b'_c)              carry; coupled: c = 1 - t
s_l = n * t + s_{l-1} * c
h_t = s_depth

Source: Zilly, Srivastava, Koutník, Schmidhuber, "Recurrent Highway Networks", ICML 2017, arXiv 1607.03474; the
transform gates' initial bias as in the authors' code (jzilly/RecurrentHighwayNetworks).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _squash(a: Tensor) -> tuple[Tensor, ...]:
    n, *gates = a.unbind(-2)  # (..., H) each
    return torch.tanh(n), *map(torch.sigmoid, gates)


def _first_gates(a: Tensor, _: None, s: Tensor) -> tuple[Tensor, ...]:
    return _squash(a)


def _deeper_gates(_: None, u: Tensor, s: Tensor) -> tuple[Tensor, ...]:
    return _squash(u)


def _highway(s: Tensor, n: Tensor, t: Tensor, c: Tensor | None = None) -> tuple[Tensor]:
    return (n * t + s * (1 - t if c is None else c),)


def _first(a: Tensor, _: None, s: Tensor) -> tuple[Tensor]:
    return _highway(s, *_first_gates(a, _, s))


def _deeper(_: None, u: Tensor, s: Tensor) -> tuple[Tensor]:
    return _highway(s, *_deeper_gates(_, u, s))


@LAYERS.register(
    "rhn",
    class_name="RHN",
    paper=Paper(
        "Recurrent Highway Networks",
        "Julian Georg Zilly, Rupesh Kumar Srivastava, Jan Koutník, Jürgen Schmidhuber",
        2017,
        "https://arxiv.org/abs/1607.03474",
    ),
    kind="gated",
    description="recurrent highway network: several highway layers in each step",
    tiny={"input_size": 3, "hidden_size": 4, "depth": 2},
    oracle="tests/oracles/rhn.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent 0.2.5 has a file of it that does not import, and does not export it: "
    "tests/peers/test_classics_vs_torchrecurrent.py",
)
class RHN(GatedCell):
    """Recurrent highway network; coupled, the state lies between -1 and 1.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        depth: L, the highway layers in a step.
        coupled: whether the carry gate is 1 - t, as in the paper's experiments, or a gate with weights of its own.
        transform_bias: the bias that transform gates start with; below 0 they start by carrying the state through.
        bias: whether there are biases, ``bias_ih`` and ``bias_hh``.
        recurrent_bias: with ``bias``, whether there is ``bias_hh``: without it only the first layer has a bias.
        device, dtype: of the parameters; ``weight_ih`` (2H, I) holds W_n and W_t, ``weight_hh`` (2H * L, H) each
            layer's R_n and R_t; not coupled, W_c and R_c come third: (3H, I) and (3H * L, H).

    Raises:
        ValueError: a size or a depth below 1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        depth: int = 3,
        coupled: bool = True,
        transform_bias: float = -2.0,
        **common: Any,
    ) -> None:
        check_sizes(depth=depth)
        self.depth, self.coupled, self.transform_bias = depth, coupled, transform_bias
        words = ("candidate", "transform") if coupled else ("candidate", "transform", "carry")
        blocks = len(words)

        def names(layer: int) -> tuple[str, ...]:
            return tuple(f"{word}_{layer}" for word in words)

        first = Stage("h", blocks, blocks, _first, ("h",), ("h",), summed=True, gates=_first_gates, gate_names=names(1))
        deeper = Stage("h", 0, blocks, _deeper, ("h",), ("h",), gates=_deeper_gates)
        self.stages = (first, *(deeper._replace(gate_names=names(layer)) for layer in range(2, depth + 1)))
        super().__init__(input_size, hidden_size, **common)

    def reset_parameters(self) -> None:
        """As the base does, but for the biases of the transform gates."""
        super().reset_parameters()
        biases = [bias for bias in (self.bias_ih, self.bias_hh) if bias is not None]
        blocks = 2 if self.coupled else 3
        for bias in biases:
            gates = bias.data.view(-1, blocks, self.hidden_size)[:, 1]  # (layers, H)
            gates.fill_(self.transform_bias if bias is biases[-1] else 0.0)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        usual = {"depth": 3, "coupled": True, "transform_bias": -2.0}
        given = {name: getattr(self, name) for name in usual}
        return super().extra_repr() + "".join(f", {n}={given[n]}" for n in usual if given[n] != usual[n])
