"""HGRN2: HGRN whose state is widened to a matrix by an outer product, without parameters more.

P = softmax of Gamma over the layers,  gamma_l = P_2 + ... + P_l            Gamma (L, N K); gamma_1 = 0
q_t, mu_t, v_t = W x_t                                      (K,), (K,), (V,) in each of N heads
f_t = gamma_l + (1 - gamma_l) * sigmoid(mu_t)
S_t = S_{t-1} diag(f_t) + v_t (1 - f_t)^T                   (V, K)
y_t = O norm(S_t silu(q_t))                                 norm: root mean square over all heads, weighted

Source: Qin, Yang, Sun, Shen, Li, Sun, Zhong, "HGRN2: Gated Linear RNNs with State Expansion", 2024, arXiv 2404.07904,
section 3; SiLU of the query and the norm as in flash-linear-attention, which has the authors' layer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, rms_norm, silu

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_place
from rnnzoo.layers._floors import lower_bound
from rnnzoo.layers._matrix import MatrixCell
from rnnzoo.registry import LAYERS

EPS = 1e-5


@LAYERS.register(
    "hgrn2",
    class_name="HGRN2",
    paper=Paper(
        "HGRN2: Gated Linear RNNs with State Expansion",
        "Zhen Qin, Songlin Yang, Weixuan Sun, Xuyang Shen, Dong Li, Weigao Sun, Yiran Zhong",
        2024,
        "https://arxiv.org/abs/2404.07904",
    ),
    kind="matrix",
    description="HGRN with a matrix for a state: what a forget gate lets go is the key under which values are stored",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3, "layer_index": 1, "num_layers": 3},
    oracle="tests/oracles/hgrn2.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class HGRN2(MatrixCell):
    """HGRN2's token mixing. The channel mixer, the norms and the residuals belong to the block around it.

    In a stack all layers of a direction share one Gamma. A layer by itself is the first of one, with a floor of 0; the
    stack tells every cell its place, ``layer_index`` and ``num_layers``.

    Parameters: ``weight_ih``, the rows of q, mu, then v; ``Gamma`` (L, N K) in all layers but the first;
    ``norm_weight`` (N V,); ``out_weight`` (H, N V). The state is S (N, V, K).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size: K, the paper's expansion of the state; ``None`` is H / N.
        value_size: V; ``None`` is H / N.
        layer_index, num_layers: the layer's place in its stack, from 0, and the stack's depth, L.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: the equations have none; taken because every layer takes it, without effect.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, a place that is not in the stack, heads that do not divide H, or an impossible
            chunk size.
    """

    gate_names = ("forget",)
    shared = ("Gamma",)
    Gamma: nn.Parameter
    norm_weight: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, *, layer_index: int = 0, num_layers: int = 1, **common: Any
    ) -> None:
        check_place(layer_index, num_layers)
        self.layer_index, self.num_layers = layer_index, num_layers
        super().__init__(input_size, hidden_size, **common)

    def widths(self) -> tuple[int, ...]:
        """Of q, mu and v."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V

    def further(self) -> dict[str, tuple[int, ...]]:
        """The floors and the norm."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        floors = {"Gamma": (self.num_layers, N * K)} if self.layer_index else {}
        return {**floors, "norm_weight": (N * V,)}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """As the base's, with floors equally far apart."""
        super().reset_parameters()
        if self.layer_index:
            self.Gamma.zero_()

    def gates(self, x: Tensor) -> tuple[Tensor, ...]:
        """f (B, T, N K); log f, 1 - f, silu(q) and v (B, T, N, width)."""
        q, mu, v = self.project(x)
        rest, fading = torch.sigmoid(-mu), logsigmoid(mu)
        if self.layer_index:
            rest = (1 - lower_bound(self.Gamma, self.layer_index)) * rest
            fading = torch.log1p(-rest)
        return fading.exp(), *(self.heads(part) for part in (fading, rest, silu(q), v))

    def memory(self, f: Tensor, fading: Tensor, rest: Tensor, q: Tensor, v: Tensor) -> dict[str, Tensor]:
        """What is forgotten of a key channel is stored there."""
        return {"q": q, "k": rest, "v": v, "log_decay": fading}

    def readout(self, y: Tensor, *values: Tensor) -> Tensor:
        """O norm(y) (B, T, H)."""
        y = y.flatten(-2)
        return self.project_out(rms_norm(y, (y.shape[-1],), self.norm_weight, EPS))

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        place = f", layer_index={self.layer_index}, num_layers={self.num_layers}" if self.num_layers > 1 else ""
        return super().extra_repr() + place
