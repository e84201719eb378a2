"""RetNet: retention, a sum over earlier steps that fades at a fixed rate of each head, with rotated queries and keys.

q_t, k_t, v_t, g_t = W x_t                                  (K,), (K,), (V,), (V,) in each of N heads
S_t = gamma_n S_{t-1} R + v_t k_t^T                         gamma_n = 1 - 2^(-5-n), n = 0 to N - 1
y_t = O [norm(S_t q_t / sqrt(K)) * silu(g_t)]               norm: each head to mean 0 and variance 1

R turns pair j of the K coordinates by theta_j = 10000^(-j / (K/2 - 1)): after m steps a key has turned by m theta
against the query, as the paper's q_t e^(i t theta) . (k_s e^(-i s theta)) has it. Turned back with every step the state
needs no clock, and positions do not grow.

Source: Sun et al., "Retentive Network: A Successor to Transformer for Large Language Models", 2023, arXiv 2307.08621,
section 2; angles and initialisation as in the authors' torchscale.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, silu

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._matrix import MatrixCell
from rnnzoo.ops.matrix import matrix_scan
from rnnzoo.registry import LAYERS

EPS = 1e-5


@LAYERS.register(
    "retnet",
    class_name="RetNet",
    paper=Paper(
        "Retentive Network: A Successor to Transformer for Large Language Models",
        "Yutao Sun, Li Dong, Shaohan Huang, Shuming Ma, Yuqing Xia, Jilong Xue, Jianyong Wang, Furu Wei",
        2023,
        "https://arxiv.org/abs/2307.08621",
    ),
    kind="matrix",
    description="linear attention that fades at a fixed rate of each head, with rotated keys, a norm and a gate",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 4, "value_size": 3},
    oracle="tests/oracles/retnet.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class RetNet(MatrixCell):
    """Multi-scale retention. The feed-forward layer, the norms and the residuals belong to the block around it.

    Parameters: ``weight_ih``, the rows of q, k, v, then g; ``out_weight`` (H, N V). The state is S (N, V, K).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N, each with a rate of its own.
        key_size: K, an even number; ``None`` is H / N, or the next even number.
        value_size: V; ``None`` is 2 H / N.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: the equations have none; taken because every layer takes it, without effect.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, heads that do not divide H, an odd K, or an impossible chunk size.
    """

    gate_names = ("output",)

    def usual_key_size(self) -> int:
        """H / N, made even."""
        return self.per_head() + self.per_head() % 2

    def usual_value_size(self) -> int:
        """2 H / N."""
        return 2 * self.per_head()

    def widths(self) -> tuple[int, ...]:
        """Of q, k, v and g."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        if K % 2:
            raise ValueError(f"key_size is {K}; expected an even number, for its coordinates turn in pairs.")
        return N * K, N * K, N * V, N * V

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Xavier's, the input's narrowed by 2^-2.5, the output's by 1/2, as the authors'."""
        nn.init.xavier_uniform_(self.out_weight, gain=2**-1)
        for block in self.weight_ih.split(self.widths()):
            nn.init.xavier_uniform_(block, gain=2**-2.5)

    def gates(self, x: Tensor) -> tuple[Tensor, ...]:
        """silu(g) (B, T, N V); q / sqrt(K), k and v (B, T, N, width)."""
        q, k, v, g = self.project(x)
        return silu(g), self.heads(q) * self.key_size**-0.5, self.heads(k), self.heads(v)

    def recall(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """As `MatrixCell.recall`: positions are counted from the state, which is turned back by as many in the end."""
        _, q, k, v = values
        B, T = q.shape[:2]
        place = torch.arange(1, T + 1, device=q.device)[None, :, None]  # (1, T, 1)
        n = torch.arange(self.num_heads, dtype=torch.float64, device=q.device)
        fading = torch.log1p(-(2 ** (-5 - n))).to(q.dtype)[None, None, :, None]  # (1, 1, N, 1)
        y, S = matrix_scan(
            self.turned(q, place), self.turned(k, place), v, state[0].to(q.dtype), log_decay=fading, lengths=lengths,
            chunk_size=self.chunk_size, backend=backend,
        )  # fmt: skip
        steps = torch.full((B,), T, device=q.device) if lengths is None else lengths.to(q.device)
        return y, (self.turned(S, -steps[:, None, None]).to(state[0].dtype),)

    def turned(self, x: Tensor, places: Tensor) -> Tensor:
        """x (..., K), each pair of coordinates turned by its angle times ``places`` (...,), which is spread over x."""
        half = self.key_size // 2
        exponents = torch.linspace(0, 1, half, dtype=torch.float64, device=x.device)
        angle = places.unsqueeze(-1) * 10000**-exponents  # (..., K / 2)
        cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
        even, odd = x.unflatten(-1, (half, 2)).unbind(-1)
        return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)

    def readout(self, y: Tensor, g: Tensor, *rest: Tensor) -> Tensor:
        """O [norm(y) * silu(g)] (B, T, H)."""
        return self.project_out(layer_norm(y, (self.value_size,), eps=EPS).flatten(-2) * g)
