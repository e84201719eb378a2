"""The phased LSTM: each unit's gate opens and closes with a rhythm of its own, and lets the state change while open.

phi = ((t - s) mod tau) / tau                                   the phase at time t, from 0 to 1
k_t = 2 phi / r                    where phi < r / 2            opening
      2 - 2 phi / r                where r / 2 <= phi < r       closing
      alpha phi                    elsewhere                    closed, but for a leak in training
i = sigmoid(W_i x_t + b_i + U_i h_{t-1} + b'_i + p_i * c_{t-1})
f = sigmoid(W_f x_t + b_f + U_f h_{t-1} + b'_f + p_f * c_{t-1})
g = tanh(W_g x_t + b_g + U_g h_{t-1} + b'_g)
d = f * c_{t-1} + i * g
o = sigmoid(W_o x_t + b_o + U_o h_{t-1} + b'_o + p_o * d)
c_t = k_t * d + (1 - k_t) * c_{t-1}
h_t = k_t * o * tanh(d) + (1 - k_t) * h_{t-1}

Source: Neil, Pfeiffer, Liu, "Phased LSTM: Accelerating Recurrent Network Training for Long or Event-based Sequences",
NeurIPS 2016, arXiv 1610.09513, equations 6 to 11; absolute values of tau and r, no leak in evaluation and what the
rhythms start with as in the authors' code (dannyneil/public_plstm).
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._carrying import CarryingCell, clock_steps
from rnnzoo.layers._checks import check_between, check_positive, check_time_channel
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("time", "input", "forget", "candidate", "output")
RHYTHM = ("period", "shift", "ratio_on")


def _gates(x: Tensor, u: Tensor, h: Tensor, c: Tensor, p_i: Tensor, p_f: Tensor, p_o: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = (x[..., :4, :] + u).unbind(-2)  # (..., H) each
    i, f = torch.sigmoid(torch.addcmul(i, p_i, c)), torch.sigmoid(torch.addcmul(f, p_f, c))
    g = torch.tanh(g)
    d = f * c + i * g
    return x[..., 4, :], i, f, g, torch.sigmoid(torch.addcmul(o, p_o, d)), d


def _update(x: Tensor, u: Tensor, h: Tensor, c: Tensor, p_i: Tensor, p_f: Tensor, p_o: Tensor) -> tuple[Tensor, Tensor]:
    k, *_, o, d = _gates(x, u, h, c, p_i, p_f, p_o)
    return k * (o * torch.tanh(d)) + (1 - k) * h, k * d + (1 - k) * c


@LAYERS.register(
    "phased_lstm",
    class_name="PhasedLSTM",
    paper=Paper(
        "Phased LSTM: Accelerating Recurrent Network Training for Long or Event-based Sequences",
        "Daniel Neil, Michael Pfeiffer, Shih-Chii Liu",
        2016,
        "https://arxiv.org/abs/1610.09513",
    ),
    kind="gated",
    description="LSTM whose units may change during a small part of a learned rhythm alone; takes time stamps",
    tiny={"input_size": 3, "hidden_size": 6, "ratio_on": 0.6, "longest": 8.0},
    oracle="tests/oracles/phased_lstm.py",
    exportable=True,
    double_backward=True,
)
class PhasedLSTM(CarryingCell):
    """Phased LSTM; the states are h, c and the clock t (B,) int64, the number of steps each row has had.

    With ``timestamps`` the input says what time it is, the clock is not there, and neither is a stack: the layers above
    would not know the time.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of h, of c and of the output.
        timestamps: whether the last of the I channels is the time t, in a unit of its own; else t is 0, 1, 2, ...
        shortest, longest: the range of the periods tau to begin with, spread evenly over their logarithms (the paper
            has e^0 to e^3 for most tasks). The shifts s start anywhere in their period.
        ratio_on: r to begin with, the part of the period in which the gate is open.
        leak: alpha, of the closed gate in training; in evaluation it is 0.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (4H, I, or I - 1 with timestamps) and ``weight_hh`` (4H, H) hold
            i, f, g, o; the peepholes are ``p_i``, ``p_f``, ``p_o`` (H,), the rhythm ``period``, ``shift`` and
            ``ratio_on_end`` (H,).
        layer_index, num_layers: the place in a stack, from a stack.

    Raises:
        ValueError: a size below 1; shortest above longest, or not above 0; a ratio or a leak outside 0 to 1; timestamps
            in a stack, or without another channel.
    """

    period: nn.Parameter
    shift: nn.Parameter
    ratio_on_end: nn.Parameter
    carried = MappingProxyType({"t": ()})
    clocks: tuple[str, ...] = ("t",)
    forget_block = 1
    """Which of the blocks of H rows is the forget gate's."""
    states = ("h", "c")
    vectors = ("p_i", "p_f", "p_o")
    stages = (Stage("h", 5, 4, _update, ("h", "c", *vectors), states, gates=_gates, gate_names=GATES),)

    def __init__(
        self, input_size: int, hidden_size: int, *, timestamps: bool = False, shortest: float = 1.0,
        longest: float = math.exp(3.0), ratio_on: float = 0.05, leak: float = 0.001, layer_index: int = 0,
        num_layers: int = 1, **common: Any,
    ) -> None:  # fmt: skip
        check_positive(shortest=shortest, longest=longest, ratio_on=ratio_on)
        check_between(0.0, longest, shortest=shortest)
        check_between(0.0, 1.0, ratio_on=ratio_on, leak=leak)
        if timestamps:
            check_time_channel("timestamps", input_size, num_layers)
            self.carried, self.clocks = MappingProxyType({}), ()
        self.timestamps, self.leak = timestamps, leak
        self.shortest, self.longest, self.ratio_on = shortest, longest, ratio_on
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """An LSTM's with peepholes, and the rhythm."""
        H = self.hidden_size
        shapes = super().parameter_shapes() | {"weight_ih": (4 * H, self.input_size - self.timestamps)}
        if self.bias:
            shapes["bias_ih"] = (4 * H,)
        return shapes | {"period": (H,), "shift": (H,), "ratio_on_end": (H,)}

    def reset_parameters(self) -> None:
        """The rhythm as the arguments say, the rest as the base."""
        super().reset_parameters()
        with torch.no_grad():
            self.period.uniform_(math.log(self.shortest), math.log(self.longest)).exp_()
            self.shift.uniform_(0.0, 1.0).mul_(self.period)
            self.ratio_on_end.fill_(self.ratio_on)

    def openness(self, t: Tensor) -> Tensor:
        """k (B, T, H) at times t (B, T)."""
        tau, r = self.period.abs(), self.ratio_on_end.abs()
        phi = torch.remainder(t.unsqueeze(-1) - self.shift, tau) / tau
        closed = phi * (self.leak if self.training else 0.0)
        return torch.where(phi < r / 2, 2 * phi / r, torch.where(phi < r, 2 - 2 * phi / r, closed))

    def carry(self, x: Tensor, carried: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Input products and the openness, (B, T, 5H); the clock, if there is one."""
        after: State = ()
        if self.timestamps:
            x, t = x[..., :-1], x[..., -1]
        else:
            steps, end = clock_steps(carried[0], x, lengths)
            t, after = steps, (end,)
        products = linear(x, self.weight_ih, self.bias_ih)  # (B, T, 4H)
        k = self.openness(t.to(self.period.dtype))
        return torch.cat([products.to(k.dtype), k], -1), after

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        usual = {"timestamps": False, "shortest": 1.0, "longest": math.exp(3.0), "ratio_on": 0.05, "leak": 0.001}
        given = {name: getattr(self, name) for name in usual}
        return super().extra_repr() + "".join(f", {n}={given[n]}" for n in usual if given[n] != usual[n])
