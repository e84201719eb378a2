"""The gated recurrent unit, with either place of the reset gate.

r = sigmoid(W_r x_t + b_r + U_r h_{t-1} + b'_r)
z = sigmoid(W_z x_t + b_z + U_z h_{t-1} + b'_z)
n = tanh(W_n x_t + b_n + r * (U_n h_{t-1} + b'_n))       reset_after=True: the paper's first version; cuDNN and torch
n = tanh(W_n x_t + b_n + U_n (r * h_{t-1}) + b'_n)       reset_after=False: the paper's third version
h_t = (1 - z) * n + z * h_{t-1}

Source: Cho, van Merrienboer, Gulcehre, Bahdanau, Bougares, Schwenk, Bengio, "Learning Phrase Representations using RNN
Encoder-Decoder for Statistical Machine Translation", 2014, arXiv 1406.1078, v1 and v3.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gates_after(x: Tensor, u: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    r, z = torch.sigmoid(x[..., :2, :] + u[..., :2, :]).unbind(-2)  # (..., H) each
    return r, z, torch.tanh(x[..., 2, :] + r * u[..., 2, :])


def _reset_after(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    _, z, n = _gates_after(x, u)
    return ((1 - z) * n + z * h,)


def _gates_before(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    return torch.sigmoid(a).unbind(-2)  # (..., H) each


def _reset(a: Tensor, _: None, h: Tensor) -> tuple[Tensor, Tensor]:
    r, z = _gates_before(a)
    return r * h, z


def _candidate(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.tanh(a[..., 0, :]),)


def _mix(a: Tensor, _: None, z: Tensor, h: Tensor) -> tuple[Tensor]:
    (n,) = _candidate(a)
    return ((1 - z) * n + z * h,)


RESET_AFTER = (
    Stage("h", 3, 3, _reset_after, ("h",), ("h",), gates=_gates_after, gate_names=("reset", "update", "candidate")),
)
RESET_BEFORE = (
    Stage("h", 2, 2, _reset, ("h",), ("rh", "z"), summed=True, gates=_gates_before, gate_names=("reset", "update")),
    Stage("rh", 1, 1, _mix, ("z", "h"), ("h",), summed=True, gates=_candidate, gate_names=("candidate",)),
)


@LAYERS.register(
    "gru",
    class_name="GRU",
    paper=Paper(
        "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
        "Kyunghyun Cho, Bart van Merrienboer, Caglar Gulcehre, Dzmitry Bahdanau, Fethi Bougares, Holger Schwenk, "
        "Yoshua Bengio",
        2014,
        "https://arxiv.org/abs/1406.1078",
    ),
    kind="gated",
    description="gated recurrent unit: an update gate mixes the last state with a candidate behind a reset gate",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="torch.nn.GRU",
    exportable=True,
    double_backward=True,
)
class GRU(GatedCell):
    """Gated recurrent unit.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        reset_after: whether the reset gate acts on the candidate's recurrent product (torch and cuDNN), or on the state
            before the product.
        bias: whether there are biases, ``bias_ih`` and ``bias_hh``.
        recurrent_bias: with ``bias``, whether there is ``bias_hh``.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) and ``weight_hh`` (3H, H) hold r, z, n.

    Raises:
        ValueError: a size below 1.
    """

    keep_block = 1
    """Which of the blocks of H rows is that of the gate which keeps the state, and lets in what is new: z."""

    def __init__(self, input_size: int, hidden_size: int, *, reset_after: bool = True, **common: Any) -> None:
        self.reset_after = reset_after
        self.stages = RESET_AFTER if reset_after else RESET_BEFORE
        self.native_mode = "gru" if reset_after else None
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.reset_after else ", reset_after=False")
