"""KDA: Kimi delta attention, the delta rule over a state whose key channels each fade at a rate the input chooses.

q_t, k_t, v_t = silu(conv(W x)_t)                           (K,), (K,), (V,) in each of N heads; q and k to length 1
alpha_t = exp(-exp(A_log) softplus(W_2 W_1 x_t + dt_bias))  (K,) in each head, through a rank of R; one A_log a head
beta_t = sigmoid(w_b x_t)                                   one a head; times 2 with negative eigenvalues
S_t = S_{t-1} diag(alpha_t) (I - beta_t k_t k_t^T) + beta_t v_t k_t^T
y_t = O [norm(S_t q_t / sqrt(K)) * sigmoid(G_2 G_1 x_t + g)]     norm: root mean square over each head, weighted

Source: Kimi Team, "Kimi Linear: An Expressive, Efficient Attention Architecture", 2025, arXiv 2510.26692, section 3;
ranks and initialisation as in flash-linear-attention, which has the authors' layer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._delta import DeltaCell, unit
from rnnzoo.layers._products import product
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "kda",
    class_name="KDA",
    paper=Paper(
        "Kimi Linear: An Expressive, Efficient Attention Architecture",
        "Kimi Team",
        2025,
        "https://arxiv.org/abs/2510.26692",
    ),
    kind="matrix",
    description="the delta rule over a state that fades channel by channel at rates the input chooses",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3, "low_rank": 2, "conv_size": 3},
    oracle="tests/oracles/kda.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class KDA(DeltaCell):
    """Kimi delta attention. The feed-forward layer, the norms and the residuals belong to the block around it.

    Parameters: ``weight_ih``, the rows of q, k, v, beta, W_1, then G_1; ``conv_weight`` (N (2K + V), conv_size) and
    ``conv_bias``; ``decay_weight`` (N K, R), ``dt_bias`` (N K,) and ``A_log`` (N,), which do not decay but the first;
    ``gate_weight`` (N V, R) and ``gate_bias`` (N V,); ``norm_weight`` (V,); ``out_weight`` (H, N V). The state is
    S (N, V, K), and the convolution's tail.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size, value_size: K and V; ``None`` is H / N.
        low_rank: R, the rank of the weights of decays and of the output gate; ``None`` is V.
        conv_size: the steps that the convolution sees; 1 is none before its own.
        negative_eigenvalues: whether beta goes to 2, so that what a key has stored may change its sign.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: whether the convolution has a bias.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, heads that do not divide H, or an impossible chunk size.
    """

    gate_names = ("decay", "write", "output")
    undecayed = ("A_log", "dt_bias")
    decay_weight: nn.Parameter
    gate_weight: nn.Parameter
    gate_bias: nn.Parameter

    def __init__(self, input_size: int, hidden_size: int, *, low_rank: int | None = None, **common: Any) -> None:
        if low_rank is not None:
            check_sizes(low_rank=low_rank)
        self.low_rank = low_rank
        super().__init__(input_size, hidden_size, **common)

    @property
    def rank(self) -> int:
        """R."""
        return self.value_size if self.low_rank is None else self.low_rank

    def widths(self) -> tuple[int, ...]:
        """Of q, k, v, beta, W_1 and G_1."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V, N, self.rank, self.rank

    def further(self) -> dict[str, tuple[int, ...]]:
        """The convolution, the decays, the output gate and the norm."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        decays = {"decay_weight": (N * K, self.rank), "dt_bias": (N * K,), "A_log": (N,)}
        gate = {"gate_weight": (N * V, self.rank), "gate_bias": (N * V,)}
        return {**self.convolved(), **decays, **gate, "norm_weight": (V,)}

    def reset_parameters(self) -> None:
        """As the base's, and A from 1 to 16."""
        super().reset_parameters()
        self.draw_fading(1)

    def gates(self, qkv: Tensor, b: Tensor, r: Tensor, g: Tensor) -> tuple[Tensor, ...]:
        """alpha (B, T, N K), beta (B, T, N), the output's gate (B, T, N V); log alpha, q / sqrt(K), k, v by head."""
        q, k, v = (self.heads(part) for part in self.convolve(qkv))
        fading = self.fading(product(r, self.decay_weight))  # (B, T, N K)
        gate = torch.sigmoid(product(g, self.gate_weight) + self.gate_bias)
        return (
            torch.exp(fading), self.strength(b), gate, self.heads(fading), unit(q) * self.key_size**-0.5, unit(k), v
        )  # fmt: skip

    def memory(self, alpha: Tensor, beta: Tensor, g: Tensor, *rest: Tensor) -> dict[str, Tensor]:
        """The edit is along the key, of what is left of the state."""
        fading, q, k, v = rest
        beta = beta.unsqueeze(-1)
        return {
            "q": q, "k": k, "v": beta * v, "log_decay": fading, "a": -beta * self.heads(alpha) * k, "b": k
        }  # fmt: skip

    def readout(self, y: Tensor, alpha: Tensor, beta: Tensor, g: Tensor, *rest: Tensor) -> Tensor:
        """O [norm(y) * gate] (B, T, H)."""
        return self.project_out(self.normed(y).flatten(-2) * g)
