"""mLSTM: xLSTM's matrix cell, an LSTM whose cell stores pairs of key and value under exponential gates.

q_t, k_t, v_t = W x_t + b                                   (K,), (K,), (V,) in each of N heads
i~_t, f~_t = w x_t + b;  o_t = sigmoid(W_o x_t + b)         one input and forget gate a head, o (V,)
l_t = log sigmoid(f~_t)                                     forget_gate="exp": l = f~
m_t = max(l_t + m_{t-1}, i~_t)
C_t = e^(l_t + m_{t-1} - m_t) C_{t-1} + e^(i~_t - m_t) v_t k_t^T / sqrt(K)
n_t = e^(l_t + m_{t-1} - m_t) n_{t-1} + e^(i~_t - m_t) k_t / sqrt(K)
y_t = o_t * C_t q_t / max(|n_t . q_t|, e^(-m_t))

The stabiliser m cancels: y is that of the equations with exp(i~), without their overflow.

Source: Beck, Pöppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter, Hochreiter, "xLSTM: Extended Long
Short-Term Memory", NeurIPS 2024, arXiv 2405.04517, section 2.3; initialisation of the gates as in the authors' code
(NX-AI/xlstm, mlstm/cell.py).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, pad

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._matrix import MatrixCell
from rnnzoo.ops.matrix import matrix_scan
from rnnzoo.ops.ragged import mask
from rnnzoo.ops.running_max import running_max
from rnnzoo.registry import LAYERS, unknown

FORGET_GATES = ("sigmoid", "exp")


@LAYERS.register(
    "mlstm",
    class_name="MLSTM",
    paper=Paper(
        "xLSTM: Extended Long Short-Term Memory",
        "Maximilian Beck, Korbinian Pöppel, Markus Spanring, Andreas Auer, Oleksandra Prudnikova, Michael Kopp, "
        "Günter Klambauer, Johannes Brandstetter, Sepp Hochreiter",
        2024,
        "https://arxiv.org/abs/2405.04517",
    ),
    kind="matrix",
    description="xLSTM's matrix cell: keys and values under exponential gates, with a normaliser and a stabiliser",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3},
    oracle="tests/oracles/mlstm.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class MLSTM(MatrixCell):
    """xLSTM's matrix cell. Convolution, norms and projections belong to the block around it.

    Parameters: ``weight_ih``, the rows of q, k, v, o, i~, then f~, and its ``bias_ih``. The state is C (N, V, K),
    n (N, K) and m (N,).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output, N V.
        num_heads: N.
        key_size: K; ``None`` is H / N.
        value_size: V, which can only be H / N.
        forget_gate: "sigmoid" or "exp".
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: whether the products have a bias.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, heads that do not divide H, another V, or an impossible chunk size.
        UnknownName: no such forget gate.
    """

    gate_names = ("log_input", "log_forget", "output")
    states = ("C", "n", "m")
    bound = dict.fromkeys(states, "C and n are one weighted sum and its weights, relative to e^m")
    reads_out = False
    bias_ih: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, *, forget_gate: Literal["sigmoid", "exp"] = "sigmoid", **common: Any
    ) -> None:
        if forget_gate not in FORGET_GATES:
            raise unknown("forget_gate", forget_gate, FORGET_GATES)
        self.forget_gate = forget_gate
        super().__init__(input_size, hidden_size, **common)
        if self.num_heads * self.value_size != hidden_size:
            raise ValueError(
                f"value_size is {self.value_size} and num_heads {self.num_heads}; expected them to make hidden_size, "
                f"{hidden_size}: the heads' values are the output."
            )

    def widths(self) -> tuple[int, ...]:
        """Of q, k, v, o, i~ and f~."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V, N * V, N, N

    def further(self) -> dict[str, tuple[int, ...]]:
        """The bias."""
        return {"bias_ih": (sum(self.widths()),)} if self.bias else {}

    def carried(self) -> dict[str, tuple[int, ...]]:
        """C, n and m."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return {"C": (N, V, K), "n": (N, K), "m": (N,)}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """As the base's; gates see nothing yet; the forget gates' bias is 3 to 6 over the heads."""
        super().reset_parameters()
        *_, i, f = self.weight_ih.split(self.widths())
        nn.init.zeros_(i)
        nn.init.zeros_(f)
        if self.bias:
            *_, i, f = self.bias_ih.split(self.widths())
            nn.init.normal_(i, std=0.1)
            f.copy_(torch.linspace(3, 6, len(f)))

    def input_bias(self) -> Tensor | None:
        """b."""
        return self.bias_ih if self.bias else None

    def gates(self, x: Tensor) -> tuple[Tensor, ...]:
        """i~ and l (B, T, N), sigmoid(o) (B, T, N V); q, k / sqrt(K) and v (B, T, N, width)."""
        q, k, v, o, i, f = self.project(x)
        fading = logsigmoid(f) if self.forget_gate == "sigmoid" else f
        return i, fading, torch.sigmoid(o), self.heads(q), self.heads(k) * self.key_size**-0.5, self.heads(v)

    def recall(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """As `MatrixCell.recall`; with m known for all steps, what is left is a linear recurrence; n is a row of C."""
        i, fading, _, q, k, v = values
        C, n, m0 = (member.to(q.dtype) for member in state)
        if lengths is not None:
            valid = mask(lengths.to(i.device), i.shape[1]).unsqueeze(-1)  # (B, T, 1)
            i, fading = torch.where(valid, i, -torch.inf), torch.where(valid, fading, 0)
        total = fading.double().cumsum(1)  # l_1 + ... + l_t
        largest = torch.maximum(running_max(i - total), m0.double().unsqueeze(1))
        m = (total + largest).to(q.dtype)  # (B, T, N)
        before = torch.cat((m0.unsqueeze(1), m[:, :-1]), 1)
        kept = fading + before - m
        y, S = matrix_scan(
            q, k * torch.exp(i - m).unsqueeze(-1), pad(v, (0, 1), value=1.0), torch.cat((C, n.unsqueeze(-2)), -2),
            log_decay=kept.clamp(max=0).unsqueeze(-1), lengths=lengths, chunk_size=self.chunk_size, backend=backend,
        )  # fmt: skip
        y = y[..., :-1] / torch.maximum(y[..., -1:].abs(), torch.exp(-m).unsqueeze(-1))
        C, n = S.split((self.value_size, 1), -2)
        found = (C, n.squeeze(-2), m[:, -1])
        return y, tuple(member.to(given.dtype) for member, given in zip(found, state, strict=True))

    def readout(self, y: Tensor, i: Tensor, fading: Tensor, o: Tensor, *rest: Tensor) -> Tensor:
        """o * y (B, T, H)."""
        return o * y.flatten(-2)
