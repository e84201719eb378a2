"""Gated DeltaNet: the delta rule over a state that fades at a rate of each head that the input chooses.

q_t, k_t, v_t = silu(conv(W x)_t)                           (K,), (K,), (V,) in each of N heads; q and k to length 1
alpha_t = exp(-exp(A_log) softplus(w_a x_t + dt_bias))      one a head
beta_t = sigmoid(w_b x_t)                                   one a head; times 2 with negative eigenvalues
S_t = alpha_t S_{t-1} (I - beta_t k_t k_t^T) + beta_t v_t k_t^T
y_t = O [norm(S_t q_t / sqrt(K)) * silu(g_t)]               g = W_g x; norm: root mean square over each head, weighted

Source: Yang, Kautz, Hatamizadeh, "Gated Delta Networks: Improving Mamba2 with Delta Rule", 2024, arXiv 2412.06464,
section 3; initialisation as in the authors' flash-linear-attention.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import silu

from rnnzoo.contracts import Paper
from rnnzoo.layers._delta import DeltaCell, unit
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "gated_deltanet",
    class_name="GatedDeltaNet",
    paper=Paper(
        "Gated Delta Networks: Improving Mamba2 with Delta Rule",
        "Songlin Yang, Jan Kautz, Ali Hatamizadeh",
        2024,
        "https://arxiv.org/abs/2412.06464",
    ),
    kind="matrix",
    description="the delta rule over a state that fades at a rate the input chooses, with a gated output",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3, "conv_size": 3},
    oracle="tests/oracles/gated_deltanet.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class GatedDeltaNet(DeltaCell):
    """Gated DeltaNet's token mixing. The feed-forward layer, the norms and the residuals belong to the block around it.

    Parameters: ``weight_ih``, the rows of q, k, v, a, beta, then g; ``conv_weight`` (N (2K + V), conv_size) and
    ``conv_bias``; ``A_log`` and ``dt_bias`` (N,), which do not decay; ``norm_weight`` (V,); ``out_weight`` (H, N V).
    The state is S (N, V, K), and the convolution's tail.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size: K; ``None`` is H / N.
        value_size: V; ``None`` is 2 H / N.
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

    def usual_value_size(self) -> int:
        """2 H / N."""
        return 2 * self.per_head()

    def widths(self) -> tuple[int, ...]:
        """Of q, k, v, a, beta and g."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V, N, N, N * V

    def further(self) -> dict[str, tuple[int, ...]]:
        """The convolution, the decays and the norm."""
        N = self.num_heads
        return {**self.convolved(), "A_log": (N,), "dt_bias": (N,), "norm_weight": (self.value_size,)}

    def reset_parameters(self) -> None:
        """As the base's, and A up to 16."""
        super().reset_parameters()
        self.draw_fading(0)

    def gates(self, qkv: Tensor, a: Tensor, b: Tensor, g: Tensor) -> tuple[Tensor, ...]:
        """alpha and beta (B, T, N), silu(g) (B, T, N V), log alpha (B, T, N); q / sqrt(K), k and v (B, T, N, width)."""
        q, k, v = (self.heads(part) for part in self.convolve(qkv))
        fading = self.fading(a)
        return torch.exp(fading), self.strength(b), silu(g), fading, unit(q) * self.key_size**-0.5, unit(k), v

    def memory(self, alpha: Tensor, beta: Tensor, g: Tensor, *rest: Tensor) -> dict[str, Tensor]:
        """The edit is along the key, of what is left of the state."""
        fading, q, k, v = rest
        beta = beta.unsqueeze(-1)
        edit = -(alpha.unsqueeze(-1) * beta) * k
        return {"q": q, "k": k, "v": beta * v, "log_decay": fading.unsqueeze(-1), "a": edit, "b": k}

    def readout(self, y: Tensor, alpha: Tensor, beta: Tensor, g: Tensor, *rest: Tensor) -> Tensor:
        """O [norm(y) * silu(g)] (B, T, H)."""
        return self.project_out(self.normed(y).flatten(-2) * g)
