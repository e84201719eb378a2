"""DeltaProduct: several steps of the delta rule for each step of time, so that a step can rotate and permute.

q_t; k_{t,j}, v_{t,j} = silu(conv(W x)_t)                   j = 1 to n, in each of N heads; q and k to length 1
beta_{t,j} = 2 sigmoid(w_j x_t)                             in (0, 2)
S_{t,0} = alpha_t S_{t-1},   S_{t,j} = S_{t,j-1} (I - beta_{t,j} k_{t,j} k_{t,j}^T) + beta_{t,j} v_{t,j} k_{t,j}^T
y_t = O [norm(S_t q_t / sqrt(K)) * silu(g_t)]               S_t = S_{t,n}; g = W_g x; norm: root mean square, weighted

alpha_t = exp(-exp(A_log) softplus(w_a x_t + dt_bias)), or 1 without a forget gate.

Source: Siems, Carstensen, Zela, Hutter, Pontil, Grazzi, "DeltaProduct: Improving State-Tracking in Linear RNNs via
Householder Products", 2025, arXiv 2502.10297, section 3; gates and initialisation as in flash-linear-attention.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad, silu

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._delta import DeltaCell, unit
from rnnzoo.ops.matrix import matrix_scan
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "delta_product",
    class_name="DeltaProduct",
    paper=Paper(
        "DeltaProduct: Improving State-Tracking in Linear RNNs via Householder Products",
        "Julien Siems, Timur Carstensen, Arber Zela, Frank Hutter, Massimiliano Pontil, Riccardo Grazzi",
        2025,
        "https://arxiv.org/abs/2502.10297",
    ),
    kind="matrix",
    description="several steps of the delta rule in each step of time, which together rotate and permute the state",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3, "conv_size": 3, "num_householder": 2},
    oracle="tests/oracles/delta_product.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class DeltaProduct(DeltaCell):
    """DeltaProduct's token mixing. The feed-forward layer, the norms and the residuals belong to the block around it.

    Parameters: ``weight_ih``, the rows of q, of the k of every sub-step, of the v of every sub-step, of their betas
    (heads within a sub-step), g, then a; ``conv_weight`` (N (K + n K + n V), conv_size) and ``conv_bias``; ``A_log``
    and ``dt_bias`` (N,), which do not decay; ``norm_weight`` (V,); ``out_weight`` (H, N V). The state is S (N, V, K),
    and the convolution's tail.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size: K; ``None`` is H / N.
        value_size: V; ``None`` is 2 H / N.
        num_householder: n, the steps of the delta rule in each step.
        forget_gate: whether the state fades.
        conv_size: the steps that the convolution sees; 1 is none before its own.
        negative_eigenvalues: whether beta goes to 2, without which no step of the rule reflects.
        chunk_size: the sub-steps that are taken at once, a power of two from 8.
        bias: whether the convolution has a bias.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, heads that do not divide H, or an impossible chunk size.
    """

    gate_names: tuple[str, ...] = ("write", "output", "decay")
    undecayed: tuple[str, ...] = ("A_log", "dt_bias")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        num_householder: int = 2,
        forget_gate: bool = True,
        negative_eigenvalues: bool = True,
        **common: Any,
    ) -> None:
        check_sizes(num_householder=num_householder)
        self.num_householder, self.forget_gate = num_householder, forget_gate
        if not forget_gate:
            self.gate_names, self.undecayed = ("write", "output"), ()
        super().__init__(input_size, hidden_size, negative_eigenvalues=negative_eigenvalues, **common)

    def usual_value_size(self) -> int:
        """2 H / N."""
        return 2 * self.per_head()

    def widths(self) -> tuple[int, ...]:
        """Of q, all k, all v, all beta, g and, with a forget gate, a."""
        N, K, V, n = self.num_heads, self.key_size, self.value_size, self.num_householder
        return (N * K, n * N * K, n * N * V, n * N, N * V, *((N,) if self.forget_gate else ()))

    def further(self) -> dict[str, tuple[int, ...]]:
        """The convolution, the decays and the norm."""
        decays = {"A_log": (self.num_heads,), "dt_bias": (self.num_heads,)} if self.forget_gate else {}
        return {**self.convolved(), **decays, "norm_weight": (self.value_size,)}

    def reset_parameters(self) -> None:
        """As the base's, and A up to 16."""
        super().reset_parameters()
        if self.forget_gate:
            self.draw_fading(0)

    def gates(self, qkv: Tensor, b: Tensor, g: Tensor, *a: Tensor) -> tuple[Tensor, ...]:
        """beta (B, T, n N), silu(g) (B, T, N V), alpha (B, T, N) if any; q / sqrt(K); k and v (B, T, n, N, width)."""
        q, k, v = self.convolve(qkv)
        k, v = (part.unflatten(-1, (self.num_householder, self.num_heads, -1)) for part in (k, v))
        fading = tuple(self.fading(one) for one in a)
        alpha = tuple(torch.exp(one) for one in fading)
        return self.strength(b), silu(g), *alpha, *fading, unit(self.heads(q)) * self.key_size**-0.5, unit(k), v

    def recall(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """As `MatrixCell.recall`, over n sub-steps a step: the first fades, the last reads."""
        n, (beta, _, *_, q, k, v) = self.num_householder, values
        beta = beta.unflatten(-1, (n, -1, 1))  # (B, T, n, N, 1)
        given = {"k": k, "v": beta * v, "b": k}
        edit = -beta * k
        if self.forget_gate:
            alpha, fading = (value.unsqueeze(2).unsqueeze(-1) for value in values[2:4])  # (B, T, 1, N, 1)
            later = (0, 0, 0, 0, 0, n - 1)
            given["log_decay"] = pad(fading, later)
            edit = edit * pad(alpha, later, value=1.0)
        given = {name: value.flatten(1, 2) for name, value in {**given, "a": edit}.items()}  # (B, T n, N, width)
        read = pad(q.unsqueeze(2), (0, 0, 0, 0, n - 1, 0)).flatten(1, 2)
        steps = None if lengths is None else n * lengths
        y, S = matrix_scan(
            read, **given, S0=state[0].to(q.dtype), lengths=steps, chunk_size=self.chunk_size, backend=backend
        )
        return y[:, n - 1 :: n], (S.to(state[0].dtype),)

    def readout(self, y: Tensor, beta: Tensor, g: Tensor, *rest: Tensor) -> Tensor:
        """O [norm(y) * silu(g)] (B, T, H)."""
        return self.project_out(self.normed(y).flatten(-2) * g)
