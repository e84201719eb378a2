"""GLA: gated linear attention, whose state forgets at a rate of each key channel that the input chooses.

q_t, k_t, v_t, g_t = W x_t                                  (K,), (K,), (V,), (V,) in each of N heads
alpha_t = sigmoid(W_2 W_1 x_t + b)^(1/tau)                  (K,) in each head, through a rank of R
S_t = S_{t-1} diag(alpha_t) + v_t k_t^T                     (V, K)
y_t = O [norm(S_t q_t / sqrt(K)) * silu(g_t)]               norm: root mean square over each head, weighted

Source: Yang, Wang, Shen, Panda, Kim, "Gated Linear Attention Transformers with Hardware-Efficient Training", 2023,
arXiv 2312.06635, section 4.4; the norm without mean and the initialisation as in the authors' flash-linear-attention.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, rms_norm, silu

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_positive, check_sizes
from rnnzoo.layers._matrix import MatrixCell
from rnnzoo.layers._products import product
from rnnzoo.registry import LAYERS

EPS = 1e-5


@LAYERS.register(
    "gla",
    class_name="GLA",
    paper=Paper(
        "Gated Linear Attention Transformers with Hardware-Efficient Training",
        "Songlin Yang, Bailin Wang, Yikang Shen, Rameswar Panda, Yoon Kim",
        2023,
        "https://arxiv.org/abs/2312.06635",
    ),
    kind="matrix",
    description="linear attention that forgets each key channel at a rate the input chooses",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3, "low_rank": 2},
    oracle="tests/oracles/gla.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class GLA(MatrixCell):
    """Gated linear attention. The feed-forward layer, the norms and the residuals belong to the block around it.

    Parameters: ``weight_ih``, the rows of q, k, v, g, then W_1; ``decay_weight`` (N K, R) and ``decay_bias`` (N K,);
    ``norm_weight`` (V,); ``out_weight`` (H, N V). The state is S (N, V, K).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size: K; ``None`` is H / (2 N), rounded up.
        value_size: V; ``None`` is H / N.
        low_rank: R, the rank of the decays' weight.
        temperature: tau, which brings the decays near 1.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: the products have none; taken because every layer takes it, without effect.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, a temperature that is not above 0, heads that do not divide H, or an impossible
            chunk size.
    """

    gate_names = ("decay", "output")
    decay_weight: nn.Parameter
    decay_bias: nn.Parameter
    norm_weight: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, *, low_rank: int = 16, temperature: float = 16.0, **common: Any
    ) -> None:
        check_sizes(low_rank=low_rank)
        check_positive(temperature=temperature)
        self.low_rank, self.temperature = low_rank, temperature
        super().__init__(input_size, hidden_size, **common)

    def usual_key_size(self) -> int:
        """H / (2 N), rounded up."""
        return (self.per_head() + 1) // 2

    def widths(self) -> tuple[int, ...]:
        """Of q, k, v, g and W_1."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V, N * V, self.low_rank

    def further(self) -> dict[str, tuple[int, ...]]:
        """W_2, b and the norm."""
        keys = self.num_heads * self.key_size
        return {"decay_weight": (keys, self.low_rank), "decay_bias": (keys,), "norm_weight": (self.value_size,)}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Xavier's, narrowed by 2^-2.5, biases zero, the norm's weight one."""
        for block in (*self.weight_ih.split(self.widths()), self.decay_weight, self.out_weight):
            nn.init.xavier_uniform_(block, gain=2**-2.5)
        nn.init.zeros_(self.decay_bias)
        nn.init.ones_(self.norm_weight)

    def gates(self, x: Tensor) -> tuple[Tensor, ...]:
        """alpha (B, T, N K), silu(g) (B, T, N V); log alpha, q / sqrt(K), k and v (B, T, N, width)."""
        q, k, v, g, r = self.project(x)
        fading = logsigmoid(product(r, self.decay_weight) + self.decay_bias) / self.temperature
        q, k, v = self.heads(q) * self.key_size**-0.5, self.heads(k), self.heads(v)
        return fading.exp(), silu(g), self.heads(fading), q, k, v

    def memory(self, alpha: Tensor, g: Tensor, fading: Tensor, q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
        """Keys and values as they are, decays by channel."""
        return {"q": q, "k": k, "v": v, "log_decay": fading}

    def readout(self, y: Tensor, alpha: Tensor, g: Tensor, *rest: Tensor) -> Tensor:
        """O [norm(y) * silu(g)] (B, T, H)."""
        return self.project_out(rms_norm(y, (self.value_size,), self.norm_weight, EPS).flatten(-2) * g)
