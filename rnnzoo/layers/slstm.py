"""sLSTM: an LSTM with an exponential input gate, a normaliser and a stabiliser, its units in heads.

i~, f~, z~, o~ = W x_t + b + R h_{t-1}                R block-diagonal: a unit sees the units of its head
l   = log sigmoid(f~)                                 forget_gate="exp": l = f~
m_t = max(l + m_{t-1}, i~)                            i~ where nothing is stored yet (n_{t-1} = 0)
i'  = exp(i~ - m_t),  f' = exp(l + m_{t-1} - m_t)
c_t = f' * c_{t-1} + i' * tanh(z~)
n_t = f' * n_{t-1} + i'
h_t = sigmoid(o~) * c_t / n_t

The stabiliser m cancels in c / n: h is that of the equations with exp(i~) and exp(l), without their overflow.

Source: Beck, Pöppel, Spanring, Auer, Prudnikova, Kopp, Klambauer, Brandstetter, Hochreiter, "xLSTM: Extended Long
Short-Term Memory", NeurIPS 2024, arXiv 2405.04517, section 2.2, and the authors' code (NX-AI/xlstm, slstm/cell.py) for
how weights begin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown

GATES = ("input", "forget", "candidate", "output")
FORGET_GATES = ("sigmoid", "exp")
LARGEST = 60.0
"""Bounds f' where it multiplies an empty cell: exp(60) is finite in float32."""


def _powerlaw(units: int) -> Tensor:
    return 5 - 12 * (torch.arange(units) / max(units - 1, 1)) ** 0.3


def _linear(units: int) -> Tensor:
    return torch.linspace(3, 6, units)


BIASES: dict[str, Callable[[int], Tensor] | None] = {"powerlaw": _powerlaw, "linear": _linear, "uniform": None}


@dataclass(frozen=True)
class _Equations:
    forget_gate: str

    def gates(self, a: Tensor, _: None, c: Tensor, n: Tensor, m: Tensor) -> tuple[Tensor, ...]:
        i, f, z, o = a.unbind(-2)  # (..., H) each
        kept = (logsigmoid(f) if self.forget_gate == "sigmoid" else f) + m
        m = torch.where(n == 0, i, torch.maximum(kept, i))  # for each element: rows of a batch begin at their own time
        return torch.exp(i - m), torch.exp((kept - m).clamp(max=LARGEST)), torch.tanh(z), torch.sigmoid(o), m

    def update(self, a: Tensor, u: None, c: Tensor, n: Tensor, m: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        i, f, z, o, m = self.gates(a, u, c, n, m)
        c, n = f * c + i * z, f * n + i
        return o * c / n, c, n, m


@LAYERS.register(
    "slstm",
    class_name="SLSTM",
    paper=Paper(
        "xLSTM: Extended Long Short-Term Memory",
        "Maximilian Beck, Korbinian Pöppel, Markus Spanring, Andreas Auer, Oleksandra Prudnikova, Michael Kopp, "
        "Günter Klambauer, Johannes Brandstetter, Sepp Hochreiter",
        2024,
        "https://arxiv.org/abs/2405.04517",
    ),
    kind="gated",
    description="xLSTM's scalar cell: exponential input gate, normaliser and stabiliser, units in heads",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2},
    oracle="tests/oracles/slstm.py",
    exportable=True,
    double_backward=True,
    differs="xlstm chooses the first stabiliser for a whole batch at once (tests/peers/test_slstm_vs_xlstm.py)",
)
class SLSTM(OneBiasCell):
    """sLSTM of xLSTM, without the block around it; the states are h, c, n and the stabiliser m.

    The authors' code (xlstm, PyTorch backend) starts the stabiliser with the input gate only where every n of the batch
    is 0, so that the state of a fresh row depends on the rows beside it, and can be 0 / 0; here each element is asked.

    R is multiplied as one (4H, H) matrix, zero between heads and put together once a call: a step's product costs what
    the LSTM's does, ``num_heads`` times the least that is possible, and is one call of the matrix library.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of each state and of the output.
        num_heads: N, a divisor of H; a unit's gates see the h of its own head alone.
        forget_gate: "sigmoid" or "exp".
        bias_init: how the forget gate's bias begins, over the D = H / N units of each head: "powerlaw" (the authors'
            for the first block: 5 - 12 (j / (D - 1))^0.3), "linear" (3 to 6) or "uniform" (as `GatedCell`). With the
            first two the other biases are 0; R begins at 0, as the authors'.
        bias: whether there is b (``bias_ih``).
        device, dtype: of the parameters; ``weight_ih`` (4H, I) and ``weight_hh`` (4H, D) hold i, f, z, o; a row of
            ``weight_hh`` multiplies its own head's h.

    Raises:
        ValueError: a size below 1, or heads that do not divide H.
        UnknownName: a forget gate or an initialisation that does not exist.
    """

    states = ("h", "c", "n", "m")
    keep_block = 1  # of the blocks of H rows, the forget gate's
    bound = dict.fromkeys(("c", "n", "m"), "c and n are relative to e^m")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        num_heads: int = 1,
        forget_gate: Literal["sigmoid", "exp"] = "sigmoid",
        bias_init: Literal["powerlaw", "linear", "uniform"] = "powerlaw",
        **common: Any,
    ) -> None:
        check_sizes(hidden_size=hidden_size, num_heads=num_heads)
        if hidden_size % num_heads:
            raise ValueError(f"num_heads is {num_heads}; expected a divisor of hidden_size = {hidden_size}.")
        if forget_gate not in FORGET_GATES:
            raise unknown("forget gate", forget_gate, FORGET_GATES)
        if bias_init not in BIASES:
            raise unknown("initialisation of the bias", bias_init, BIASES)
        self.num_heads, self.forget_gate, self.bias_init = num_heads, forget_gate, bias_init
        equations = _Equations(forget_gate)
        stage = Stage("h", 4, 4, equations.update, ("c", "n", "m"), self.states, summed=True)
        self.stages = (stage._replace(gates=equations.gates, gate_names=GATES),)
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As `GatedCell`, with one block of R for each head."""
        return super().parameter_shapes() | {"weight_hh": (4 * self.hidden_size, self.hidden_size // self.num_heads)}

    def reset_parameters(self) -> None:
        """W uniform as `GatedCell`, R zero, b as ``bias_init`` says."""
        super().reset_parameters()
        nn.init.zeros_(self.weight_hh)
        forget = BIASES[self.bias_init]
        if forget is not None and self.bias_ih is not None:
            with torch.no_grad():
                self.bias_ih.zero_()
                biases = forget(self.hidden_size // self.num_heads).repeat(self.num_heads)
                self.bias_ih[self.hidden_size : 2 * self.hidden_size] = biases

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """R as a whole, (4H, H): each head's block on the diagonal, zeros elsewhere."""
        N, D = self.num_heads, self.hidden_size // self.num_heads
        blocks = self.weight_hh.view(4, N, D, D).permute(0, 2, 3, 1)  # gate, row, column, head
        whole = torch.diag_embed(blocks).permute(0, 3, 1, 4, 2)  # gate, head, row, head, column
        return [whole.reshape(4 * N * D, N * D)], [None]
