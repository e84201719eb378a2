"""The non-saturating recurrent unit: a memory that is added to and taken from, without a gate that saturates.

h_t = max(0, W x_t + b + U h_{t-1} + C m_{t-1})
alpha, beta = of K heads each, linear in [h_t, m_{t-1}]                     how much to write and to erase
v_1 .. v_K = rows of (p q^T), p and q of sqrt(K M) channels linear in [h_t, m_{t-1}]        what to write, each (M,)
w_1 .. w_K = likewise                                                       what to erase
m_t = m_{t-1} + sum_k alpha_k v_k / |v_k|_5 - sum_k beta_k w_k / |w_k|_5

Source: Chandar, Sankar, Vorontsov, Kahou, Bengio, "Towards Non-saturating Recurrent Units for Modelling Long-term
Dependencies", AAAI 2019, arXiv 1902.06704; what is linear in what, the rank one of v and w across the heads and the
norm as in the authors' code (apsarath/NRU), which takes the mean over the heads (``mean=True``) for the paper's sum.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


class Heads(NamedTuple):
    """How the columns of the memory's update are read."""

    number: int  # K
    root: int  # sqrt(K M)
    relu: bool
    mean: bool


def _seen(_: None, u: Tensor) -> tuple[Tensor]:
    return (u[..., 0, :],)


def _hidden(a: Tensor, _: None, seen: Tensor) -> tuple[Tensor]:
    return (torch.relu(a[..., 0, :] + seen),)


def _strengths(u: Tensor, seen: Tensor, heads: Heads) -> tuple[Tensor, Tensor, Tensor]:
    a = u[..., 0, :] + seen
    alpha, beta, rest = a.split([heads.number, heads.number, 4 * heads.root], -1)
    return (torch.relu(alpha), torch.relu(beta), rest) if heads.relu else (alpha, beta, rest)


def _directions(p: Tensor, q: Tensor, heads: Heads) -> Tensor:
    v = (p.unsqueeze(-1) * q.unsqueeze(-2)).flatten(-2).unflatten(-1, (heads.number, -1))  # (..., K, M)
    return normalize(torch.relu(v) if heads.relu else v, p=5.0, dim=-1)


def _remember(_: None, u: Tensor, seen: Tensor, m: Tensor, *, heads: Heads) -> tuple[Tensor]:
    alpha, beta, rest = _strengths(u, seen, heads)
    p, q, r, s = rest.chunk(4, -1)  # (..., sqrt(K M)) each
    written = alpha.unsqueeze(-1) * _directions(p, q, heads) - beta.unsqueeze(-1) * _directions(r, s, heads)
    return (m + (written.mean(-2) if heads.mean else written.sum(-2)),)


@LAYERS.register(
    "nru",
    class_name="NRU",
    paper=Paper(
        "Towards Non-saturating Recurrent Units for Modelling Long-term Dependencies",
        "Sarath Chandar, Chinnadhurai Sankar, Eugene Vorontsov, Samira Ebrahimi Kahou, Yoshua Bengio",
        2019,
        "https://arxiv.org/abs/1902.06704",
    ),
    kind="gated",
    description="non-saturating recurrent unit: a linear memory that heads write to and erase from",
    tiny={"input_size": 3, "hidden_size": 6, "memory_size": 8, "heads": 2},
    oracle="tests/oracles/nru.py",
    exportable=True,
    double_backward=True,
)
class NRU(GatedCell):
    """Non-saturating recurrent unit; the states are h and the memory m, the output is h.

    The heads' strengths have no bound and no sign, so they are not among ``gate_values``. It runs without native code:
    its columns are of several kinds, and no stage of one number of channels.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of h and of the output.
        memory_size: M, the width of m.
        heads: K, how many vectors are written and erased in a step; K * M must be a square.
        relu: whether strengths and directions are rectified.
        mean: whether the heads are averaged (the authors' code) or summed (the paper).
        bias: whether there are biases, b (``bias_ih``), one beside U and one of the heads.
        recurrent_bias: with ``bias``, whether there are the last two.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I). With G = 2K + 4 sqrt(K M) and the columns alpha,
            beta, p, q of v, p, q of w: ``weight_hh_0`` (H, M) is C, ``weight_hh_1`` (H, H) U, ``weight_hh_2`` (G, M)
            and ``weight_hh_3`` (G, H) give the columns from m_{t-1} and from h_t; ``bias_hh_1`` (H,) and ``bias_hh_3``
            (G,) go with U and the columns. Where M = H, ``weight_hh`` and ``bias_hh`` hold them in that order.

    Raises:
        ValueError: a size below 1, or heads * memory_size not a square.
    """

    states = ("h", "m")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        memory_size: int = 64,
        heads: int = 4,
        relu: bool = False,
        mean: bool = False,
        **common: Any,
    ) -> None:
        check_sizes(memory_size=memory_size, heads=heads)
        root = math.isqrt(heads * memory_size)
        if root * root != heads * memory_size:
            raise ValueError(
                f"heads * memory_size is {heads} * {memory_size} = {heads * memory_size}; expected a square, such as "
                f"heads={heads}, memory_size={heads * max(1, round(math.sqrt(memory_size / heads))) ** 2}."
            )
        self.memory_size, self.heads, self.relu, self.mean = memory_size, heads, relu, mean
        columns = 2 * heads + 4 * root
        self.sizes = {"m": memory_size}
        remember = partial(_remember, heads=Heads(heads, root, relu, mean))
        self.stages = (
            Stage("m", 0, 1, _seen, (), ("seen_h",), recurrent_bias=False),
            Stage("h", 1, 1, _hidden, ("seen_h",), ("h",), summed=True),
            Stage("m", 0, 1, _seen, (), ("seen_m",), size=columns, recurrent_bias=False),
            Stage("h", 0, 1, remember, ("seen_m", "m"), ("m",), size=columns, pointwise=False),
        )
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        usual = {"memory_size": 64, "heads": 4, "relu": False, "mean": False}
        given = {name: getattr(self, name) for name in usual}
        return super().extra_repr() + "".join(f", {n}={given[n]}" for n in usual if given[n] != usual[n])
