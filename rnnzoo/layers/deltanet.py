"""DeltaNet: linear attention that takes out what a key has stored before it stores anew, the delta rule.

q_t, k_t, v_t = silu(conv(W x)_t)                           (K,), (K,), (V,) in each of N heads; q and k to length 1
beta_t = sigmoid(w x_t)                                     one a head; times 2 with negative eigenvalues
S_t = S_{t-1} (I - beta_t k_t k_t^T) + beta_t v_t k_t^T     (V, K)
y_t = O norm(S_t q_t / sqrt(K))                             norm: root mean square over each head, weighted

Source: Schlag, Irie, Schmidhuber, "Linear Transformers Are Secretly Fast Weight Programmers", 2021, arXiv 2102.11174;
convolution, SiLU and norms as in Yang et al., "Parallelizing Linear Transformers with the Delta Rule over Sequence
Length", 2024, arXiv 2406.06484; negative eigenvalues: Grazzi et al., 2024, arXiv 2411.12537.
"""

from __future__ import annotations

from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._delta import DeltaCell, unit
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "deltanet",
    class_name="DeltaNet",
    paper=Paper(
        "Linear Transformers Are Secretly Fast Weight Programmers",
        "Imanol Schlag, Kazuki Irie, Jürgen Schmidhuber",
        2021,
        "https://arxiv.org/abs/2102.11174",
    ),
    kind="matrix",
    description="linear attention by the delta rule: what a key has stored is replaced, not added to",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3, "conv_size": 3},
    oracle="tests/oracles/deltanet.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class DeltaNet(DeltaCell):
    """DeltaNet's token mixing. The feed-forward layer, the norms and the residuals belong to the block around it.

    Parameters: ``weight_ih``, the rows of q, k, v, then beta; ``conv_weight`` (N (2K + V), conv_size) and
    ``conv_bias``; ``norm_weight`` (V,); ``out_weight`` (H, N V). The state is S (N, V, K), and the convolution's tail.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size, value_size: K and V; ``None`` is H / N.
        conv_size: the steps that the convolution sees; 1 is none before its own.
        negative_eigenvalues: whether beta goes to 2, so that what a key has stored may change its sign: what parity and
            other states that swap need.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: whether the convolution has a bias.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, heads that do not divide H, or an impossible chunk size.
    """

    gate_names = ("write",)

    def widths(self) -> tuple[int, ...]:
        """Of q, k, v and beta."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V, N

    def further(self) -> dict[str, tuple[int, ...]]:
        """The convolution and the norm."""
        return {**self.convolved(), "norm_weight": (self.value_size,)}

    def gates(self, qkv: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        """beta (B, T, N); q / sqrt(K), k and v (B, T, N, width)."""
        q, k, v = (self.heads(part) for part in self.convolve(qkv))
        return self.strength(b), unit(q) * self.key_size**-0.5, unit(k), v

    def memory(self, beta: Tensor, q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
        """The edit is along the key."""
        beta = beta.unsqueeze(-1)
        return {"q": q, "k": k, "v": beta * v, "a": -beta * k, "b": k}

    def readout(self, y: Tensor, *values: Tensor) -> Tensor:
        """O norm(y) (B, T, H)."""
        return self.project_out(self.normed(y).flatten(-2))
