"""Linear attention: attention whose softmax is replaced by a product of feature maps, which makes it a recurrence.

q_t, k_t, v_t = W x_t + b                                   (K,), (K,), (V,) in each of N heads
S_t = S_{t-1} + v_t phi(k_t)^T                              (V, K)
n_t = n_{t-1} + phi(k_t)                                    (K,)
y_t = O [S_t phi(q_t) / (n_t . phi(q_t) + eps)] + b'        phi(x) = elu(x) + 1, eps = 1e-6

Source: Katharopoulos, Vyas, Pappas, Fleuret, "Transformers are RNNs: Fast Autoregressive Transformers with Linear
Attention", 2020, arXiv 2006.16236, section 3.4; eps and the products' biases as in the authors' fast-transformers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, pad

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._matrix import MatrixCell
from rnnzoo.layers._products import product
from rnnzoo.ops.matrix import matrix_scan
from rnnzoo.registry import LAYERS

EPS = 1e-6


@LAYERS.register(
    "linear_attention",
    class_name="LinearAttention",
    paper=Paper(
        "Transformers are RNNs: Fast Autoregressive Transformers with Linear Attention",
        "Angelos Katharopoulos, Apoorv Vyas, Nikolaos Pappas, François Fleuret",
        2020,
        "https://arxiv.org/abs/2006.16236",
    ),
    kind="matrix",
    description="attention without a softmax, as a sum of outer products of keys and values and their normaliser",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3},
    oracle="tests/oracles/linear_attention.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class LinearAttention(MatrixCell):
    """Linear attention with elu(x) + 1 for a feature map.

    Parameters: ``weight_ih``, the rows of q, k, then v, and its ``bias_ih``; ``out_weight`` (H, N V) and ``out_bias``
    (H,). The state is S (N, V, K) and n (N, K).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size, value_size: K and V, the widths of a head's keys and values; ``None`` is H / N.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: whether both products have a bias.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, heads that do not divide H, or an impossible chunk size.
    """

    states = ("S", "n")
    bound = dict.fromkeys(states, "S is a weighted sum, and n its weights")
    bias_ih: nn.Parameter
    out_bias: nn.Parameter

    def widths(self) -> tuple[int, ...]:
        """Of q, k and v."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V

    def further(self) -> dict[str, tuple[int, ...]]:
        """The biases."""
        return {"bias_ih": (sum(self.widths()),), "out_bias": (self.hidden_size,)} if self.bias else {}

    def carried(self) -> dict[str, tuple[int, ...]]:
        """n."""
        return {"n": (self.num_heads, self.key_size)}

    def input_bias(self) -> Tensor | None:
        """b."""
        return self.bias_ih if self.bias else None

    def gates(self, x: Tensor) -> tuple[Tensor, ...]:
        """phi(q) and phi(k) (B, T, N, K), v (B, T, N, V)."""
        q, k, v = self.project(x)
        return self.heads(elu(q) + 1), self.heads(elu(k) + 1), self.heads(v)

    def recall(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """As `MatrixCell.recall`; n is one row more of S, for which every value is 1."""
        q, k, v = values
        v = pad(v, (0, 1), value=1.0)
        S0 = torch.cat((state[0], state[1].unsqueeze(-2)), -2).to(q.dtype)  # (B, N, V + 1, K)
        y, S = matrix_scan(q, k, v, S0, lengths=lengths, chunk_size=self.chunk_size, backend=backend)
        S, n = S.to(state[0].dtype).split((self.value_size, 1), -2)
        return y[..., :-1] / (y[..., -1:] + EPS), (S, n.squeeze(-2))

    def readout(self, y: Tensor, *values: Tensor) -> Tensor:
        """O y + b' (B, T, H)."""
        return product(y.flatten(-2), self.out_weight, self.out_bias if self.bias else None)
