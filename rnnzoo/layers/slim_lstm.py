"""LSTM whose gates do not see the input: SLIM LSTM, of which there are three.

i, f, o = sigmoid(U h_{t-1} + b)                   form=1, each with weights of its own
i, f, o = sigmoid(U h_{t-1})                       form=2
i, f, o = sigmoid(b)                               form=3
g = tanh(W x_t + b + U h_{t-1} + b')
c_t = f * c_{t-1} + i * g
h_t = o * tanh(c_t)

Source: Lu, Salem, "Simplified Gating in Long Short-term Memory (LSTM) Recurrent Neural Networks", 2017,
arXiv 1701.03441: LSTM1, LSTM2 and LSTM3.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._one_bias import changed_options
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown

NAMES = ("input", "forget", "output", "candidate")
BIASES = ("b_i", "b_f", "b_o")


Gates = tuple[Tensor, Tensor, Tensor, Tensor]


def _gates(x: Tensor, u: Tensor, c: Tensor, *biases: Tensor) -> Gates:
    i, f, o, n = u.unbind(-2)  # (..., H) each
    if biases:
        i, f, o = (gate + bias for gate, bias in zip((i, f, o), biases, strict=True))
    return torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o), torch.tanh(x[..., 0, :] + n)


def _constant_gates(a: Tensor, _: None, c: Tensor, b_i: Tensor, b_f: Tensor, b_o: Tensor) -> Gates:
    return torch.sigmoid(b_i), torch.sigmoid(b_f), torch.sigmoid(b_o), torch.tanh(a[..., 0, :])  # (H,), ..., (..., H)


def _next(i: Tensor, f: Tensor, o: Tensor, g: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    c = f * c + i * g
    return o * torch.tanh(c), c


def _update(x: Tensor, u: Tensor, c: Tensor, *biases: Tensor) -> tuple[Tensor, Tensor]:
    return _next(*_gates(x, u, c, *biases), c)


def _constant_update(a: Tensor, u: None, c: Tensor, *biases: Tensor) -> tuple[Tensor, Tensor]:
    return _next(*_constant_gates(a, u, c, *biases), c)


STATES = ("h", "c")
FORMS = {
    1: Stage("h", 1, 4, _update, ("c", *BIASES), STATES, gates=_gates, gate_names=NAMES, recurrent_bias=False),
    2: Stage("h", 1, 4, _update, ("c",), STATES, gates=_gates, gate_names=NAMES, recurrent_bias=False),
    3: Stage(
        "h", 1, 1, _constant_update, ("c", *BIASES), STATES,
        summed=True, gates=_constant_gates, gate_names=NAMES, recurrent_bias=False,
    ),
}  # fmt: skip


@LAYERS.register(
    "slim_lstm",
    class_name="SlimLSTM",
    paper=Paper(
        "Simplified Gating in Long Short-term Memory (LSTM) Recurrent Neural Networks",
        "Yuzhen Lu, Fathi M. Salem",
        2017,
        "https://arxiv.org/abs/1701.03441",
    ),
    kind="gated",
    description="LSTM whose gates do not see the input, but the last state and a bias, or one of them",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/slim_lstm.py",
    exportable=True,
    double_backward=True,
)
class SlimLSTM(GatedCell):
    """SLIM LSTM; the states are h and c.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        form: 1, the gates have recurrent weights and biases; 2, recurrent weights alone; 3, biases alone.
        forget_bias: what ``b_f`` begins at (forms 1 and 3). The paper does not say how weights begin: here the other
            biases are zero and the matrices Xavier-uniform, each gate's for itself.
        bias: whether the candidate has a bias (``bias_ih``, (H,)); the gates' are weights of their own, ``b_i``,
            ``b_f`` and ``b_o`` (H,), which form 2 is without.
        device, dtype: of the parameters; ``weight_ih`` (H, I) is the candidate's, ``weight_hh`` (4H, H) holds i, f, o
            and the candidate, in form 3 (H, H) the candidate alone.

    Raises:
        ValueError: a size below 1.
        UnknownName: a form that is none of the three.
    """

    states = STATES

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        form: Literal[1, 2, 3] = 1,
        forget_bias: float = 1.0,
        **common: Any,
    ) -> None:
        if form not in FORMS:
            raise unknown("form", str(form), map(str, FORMS))
        self.form, self.forget_bias, self.stages = form, forget_bias, (FORMS[form],)
        self.vectors = () if form == 2 else BIASES
        super().__init__(input_size, hidden_size, **common)

    def reset_parameters(self) -> None:
        """Xavier-uniform matrices, gate by gate, and biases of zero but for the forget gate's."""
        for name, parameter in self.named_parameters():
            if name.startswith("weight"):
                for gate in parameter.data.split(self.hidden_size):  # (H, I) or (H, H)
                    nn.init.xavier_uniform_(gate)
            else:
                nn.init.constant_(parameter, self.forget_bias if name == "b_f" else 0.0)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + changed_options(self)
