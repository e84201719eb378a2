"""The Mogrifier LSTM: before the LSTM sees them, the input and the last output gate one another, round after round.

x = 2 sigmoid(Q_i h) * x           in the rounds i = 1, 3, 5, ...; h begins as h_{t-1}, x as x_t
h = 2 sigmoid(R_i x) * h           in the rounds i = 2, 4, 6, ...
i, f, o = sigmoid(W x + b + U h + b')      each with weights of its own
g = tanh(W x + b + U h + b')
c_t = f * c_{t-1} + i * g
h_t = o * tanh(c_t)

rounds=0 is the LSTM. rank=k: each Q_i and R_i is a product of an (out, k) and a (k, in) matrix.

Source: Melis, Kočiský, Blunsom, "Mogrifier LSTM", ICLR 2020, arXiv 1909.01792, section 2.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("input", "forget", "candidate", "output")
STATES = ("h", "c")


def _gates(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    i, f, g, o = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def _update(a: Tensor, _: None, c: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = _gates(a)
    c = f * c + i * g
    return o * torch.tanh(c), c


def _modulate_input(x: Tensor, u: Tensor) -> tuple[Tensor]:
    return (2 * torch.sigmoid(u[..., 0, :]) * x[..., 0, :],)  # (..., I)


def _modulate(_: None, u: Tensor, v: Tensor) -> tuple[Tensor]:
    return (2 * torch.sigmoid(u[..., 0, :]) * v,)


def _project(_: None, u: Tensor) -> tuple[Tensor, ...]:
    return u.unbind(-2)  # (..., H) each: W x of i, f, g, o


def _late_gates(_: None, u: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = (v + product for v, product in zip(u.unbind(-2), rest, strict=False))  # (..., H) each
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def _late_update(_: None, u: Tensor, *rest: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = _late_gates(_, u, *rest)
    c = f * rest[-1] + i * g
    return o * torch.tanh(c), c


LSTM = (Stage("h", 4, 4, _update, ("c",), STATES, summed=True, gates=_gates, gate_names=GATES),)


def _stages(rounds: int, input_size: int) -> tuple[Stage, ...]:
    """The rounds, then the LSTM, which has no product of x to take before the loop any more."""
    stages, x, h = [], "x0", "h"
    for i in range(1, rounds + 1):
        if i == 1:
            stages.append(Stage(h, 1, 1, _modulate_input, (), ("x1",), size=input_size))
        elif i % 2:
            stages.append(Stage(h, 0, 1, _modulate, (x,), (f"x{i}",), size=input_size))
        else:
            stages.append(Stage(x, 0, 1, _modulate, (h,), (f"h{i}",)))
        x, h = (f"x{i}", h) if i % 2 else (x, f"h{i}")
    products = ("w_i", "w_f", "w_g", "w_o")
    stages.append(Stage(x, 0, 4, _project, (), products))
    stages.append(Stage(h, 0, 4, _late_update, (*products, "c"), STATES, gates=_late_gates, gate_names=GATES))
    return tuple(stages)


@LAYERS.register(
    "mogrifier_lstm",
    class_name="MogrifierLSTM",
    paper=Paper(
        "Mogrifier LSTM",
        "Gábor Melis, Tomáš Kočiský, Phil Blunsom",
        2020,
        "https://arxiv.org/abs/1909.01792",
    ),
    kind="gated",
    description="LSTM whose input and last output gate one another in several rounds first",
    tiny={"input_size": 3, "hidden_size": 4, "rounds": 3, "rank": 2},
    oracle="tests/oracles/mogrifier_lstm.py",
    exportable=True,
    double_backward=True,
)
class MogrifierLSTM(GatedCell):
    """Mogrifier LSTM; the states are h and c.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of both states and of the output.
        rounds: how often input and last output gate one another; the paper uses 4 to 6, and 0 is the LSTM.
        rank: k, the rank of the rounds' matrices; ``None``: they are whole.
        bias: whether the LSTM has biases, b (``bias_ih``) and b' (``bias_hh``); the rounds have none.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (4H, I) and ``weight_hh`` (4H, H) hold i, f, g, o. Round i has
            ``mogrify_i``, Q_i (I, H) or R_i (H, I); with a rank ``mogrify_i_left`` (out, k) and ``mogrify_i_right``
            (k, in).

    Raises:
        ValueError: a size or a rank below 1, or ``rounds`` below 0.
    """

    states = STATES
    forget_block = 1
    """Which of the blocks of H rows is the forget gate's."""

    def __init__(
        self, input_size: int, hidden_size: int, *, rounds: int = 5, rank: int | None = None, **common: Any
    ) -> None:
        if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 0:
            raise ValueError(f"rounds is {rounds!r}; expected a whole number of at least 0.")
        check_sizes(input_size=input_size, rank=1 if rank is None else rank)
        self.rounds, self.rank, self.stages = rounds, rank, LSTM
        super().__init__(input_size, hidden_size, **common)
        if rounds:
            self.stages = _stages(rounds, input_size)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The LSTM's, and the matrices of each round."""
        shapes = super().parameter_shapes()
        for i in range(1, self.rounds + 1):
            out, into = (self.input_size, self.hidden_size) if i % 2 else (self.hidden_size, self.input_size)
            if self.rank is None:
                shapes[f"mogrify_{i}"] = (out, into)
            else:
                shapes |= {f"mogrify_{i}_left": (out, self.rank), f"mogrify_{i}_right": (self.rank, into)}
        return shapes

    def hoist(self, x: Tensor) -> Tensor:
        """x itself: no product of it is taken before the last output has gated it."""
        return x if self.rounds else super().hoist(x)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """Weight and bias of each round, then of W and of U."""
        if not self.rounds:
            return super().recurrent_weights()
        rounds: list[Tensor | None] = [self._round(i) for i in range(1, self.rounds + 1)]
        return [*rounds, self.weight_ih, self.weight_hh], [*[None] * self.rounds, self.bias_ih, self.bias_hh]

    def _round(self, i: int) -> Tensor:
        if self.rank is None:
            return getattr(self, f"mogrify_{i}")
        return getattr(self, f"mogrify_{i}_left") @ getattr(self, f"mogrify_{i}_right")

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        rounds = "" if self.rounds == 5 else f", rounds={self.rounds}"
        return super().extra_repr() + rounds + ("" if self.rank is None else f", rank={self.rank}")
