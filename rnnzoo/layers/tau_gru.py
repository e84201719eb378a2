"""tau-GRU: a gated unit that also reads its own state of some steps ago, through a weight of its own.

u = tanh(U_u x_t + b_u + W_u h_{t-1} + b'_u)
g = sigmoid(U_g x_t + b_g + W_g h_{t-1} + b'_g)
a = sigmoid(U_a x_t + b_a + W_a h_{t-1} + b'_a)
z = tanh(U_z x_t + b_z + W_z h_{t-1-delay} + b'_z)
h_t = (1 - g) * h_{t-1} + g * (u + a * z)

Source: Erichson, Lim, Mahoney, "Gated Recurrent Neural Networks with Weighted Time-Delay Feedback", AISTATS 2025,
arXiv 2212.00228.
"""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

from rnnzoo.contracts import GateValues, Paper, State
from rnnzoo.layers._checks import check_call, check_sizes, check_state, check_step
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._gates import gate_report
from rnnzoo.layers._one_bias import changed_options
from rnnzoo.ops.gated import Stage, Structure, gated, gated_step
from rnnzoo.ops.gated_values import gated_values
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.registry import LAYERS

GATES = ("candidate", "update", "delay", "candidate_delayed")


def _gates(x: Tensor, u: Tensor, *_: Any) -> tuple[Tensor, ...]:
    n, g, a = (x[..., :3, :] + u).unbind(-2)  # (..., H) each
    return torch.tanh(n), torch.sigmoid(g), torch.sigmoid(a), torch.tanh(x[..., 3, :])


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    n, g, a, z = _gates(x, u)
    return ((1 - g) * h + g * (n + a * z),)


@LAYERS.register(
    "tau_gru",
    class_name="TauGRU",
    paper=Paper(
        "Gated Recurrent Neural Networks with Weighted Time-Delay Feedback",
        "N. Benjamin Erichson, Soon Hoe Lim, Michael W. Mahoney",
        2022,
        "https://arxiv.org/abs/2212.00228",
    ),
    kind="gated",
    description="gated unit with weighted feedback from its own state of some steps ago",
    tiny={"input_size": 3, "hidden_size": 4, "delay": 3},
    oracle="tests/oracles/tau_gru.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent 0.2.5 drops delayed states between calls (tests/peers/test_dynamics_vs_torchrecurrent.py)",
)
class TauGRU(GatedCell):
    """tau-GRU; the states are h and the past, the ``delay`` states before h.

    The delayed product does not wait for the step before, so it is taken for ``delay`` steps at once, outside the
    recurrence; a long delay makes few calls, a delay of 1 one for each step. In a ragged batch, the padded steps are
    computed too, and thrown away. torchrecurrent (0.2.5) agrees on whole sequences that begin at zero; it carries h
    alone from call to call, so a sequence in pieces is another there.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of h and of the output.
        delay: how many steps before h_{t-1} the delayed state lies; the paper chooses it by task.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (4H, I) and ``weight_hh`` (4H, H) hold u, g, a, z.

    Raises:
        ValueError: a size or the delay below 1.
    """

    states = ("h", "past")
    bound = MappingProxyType({"past": "it is the h of earlier steps, which were what they were"})
    stages = (Stage("h", 4, 3, _update, ("h",), ("h",), gates=_gates, gate_names=GATES),)

    def __init__(self, input_size: int, hidden_size: int, *, delay: int = 5, **common: Any) -> None:
        check_sizes(hidden_size=hidden_size, delay=delay)
        self.delay = delay
        self.sizes = {"past": delay * hidden_size}
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As `GatedCell`, with a fourth recurrent block, of the delayed product."""
        shapes, rows = super().parameter_shapes(), 4 * self.hidden_size
        recurrent = {"weight_hh": (rows, self.hidden_size), "bias_hh": (rows,)}
        return {name: recurrent.get(name, shape) for name, shape in shapes.items()}

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """The blocks u, g, a, which h_{t-1} is multiplied by."""
        rows = 3 * self.hidden_size
        return [self.weight_hh[:rows]], [None if self.bias_hh is None else self.bias_hh[:rows]]

    def structure(self) -> Structure:
        """The recurrence between two delays: of h alone."""
        return Structure(self.stages, ("h",), (), "h", 4 * self.hidden_size)

    def _with_delayed(self, hoisted: Tensor, delayed: Tensor) -> Tensor:
        """The input product (..., 4H) with the delayed states' (..., H), which makes its last block complete."""
        rows = 3 * self.hidden_size
        bias = None if self.bias_hh is None else self.bias_hh[rows:]
        device = hoisted.device.type
        autocast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
        with torch.autocast(device, enabled=False) if autocast else contextlib.nullcontext():
            product = linear(delayed.to(self.weight_hh.dtype), self.weight_hh[rows:], bias)  # as the recurrence's own
            return hoisted + pad(product, (rows, 0))

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: x (B, I) and the state before it to y (B, H) and the state after it.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        check_step(x, self.input_size, self.weight_ih)
        check_state(state, self.state_shapes, x.shape[0], self.weight_ih)
        h, past = state
        x = self._with_delayed(self.hoist(x), past[:, : self.hidden_size])
        weights, biases = self.recurrent_weights()
        y, (new,) = gated_step(self.stages, x, (h,), weights, biases, {}, states=("h",), output="h")
        return y, (new, torch.cat([past[:, self.hidden_size :], h], 1))

    def gate_values(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> GateValues:
        """Gates and states of every step, of the arguments of `forward`; see `GateValues`.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
        """
        state = check_call(self, x, state, lengths)
        x = x if lengths is None else zero_padding(x, lengths)
        history = self._history(x, state, "reference")  # (B, delay + 1 + T, H)
        drive = self._with_delayed(self.hoist(x), history[:, : x.shape[1]])
        weights, biases = self.recurrent_weights()
        gates, states = gated_values(self.stages, drive, state[:1], weights, biases, {}, states=("h",), lengths=lengths)
        past = torch.cat([history[:, i : i + x.shape[1]] for i in range(1, self.delay + 1)], 2)  # (B, T, delay * H)
        return gate_report(self, gates, states | {"past": past if lengths is None else zero_padding(past, lengths)})

    def _gated(self, x: Tensor, state: State, lengths: Tensor | None, backend: str) -> tuple[Tensor, State]:
        x = x if lengths is None else zero_padding(x, lengths)
        history = self._history(x, state, backend)
        y = history[:, self.delay + 1 :]
        if lengths is None:
            return y, (history[:, -1], history[:, -1 - self.delay : -1].flatten(1))
        last = torch.arange(self.delay + 1, device=x.device) + lengths.to(x.device).unsqueeze(1)  # (B, delay + 1)
        ends = history.gather(1, last.unsqueeze(2).expand(-1, -1, self.hidden_size))
        return zero_padding(y, lengths), (ends[:, -1], ends[:, :-1].flatten(1))

    def _history(self, x: Tensor, state: State, backend: str) -> Tensor:
        """All states from the oldest of the past to that after the last step, (B, delay + 1 + T, H)."""
        hoisted = self.hoist(x)  # (B, T, 4H)
        weights, biases = self.recurrent_weights()
        h, past = state[0], state[1].unflatten(1, (self.delay, self.hidden_size))
        pieces = [past, h.unsqueeze(1)]
        for piece in hoisted.split(self.delay, 1):
            drive = self._with_delayed(piece, past[:, : piece.shape[1]])
            y, (new,) = gated(
                self.stages, drive, (h,), weights, biases, {},
                states=("h",), output="h", backend=backend, key=self._key(backend, x),
            )  # fmt: skip
            past = torch.cat([h.unsqueeze(1), y[:, :-1]], 1)  # the states before the next piece; read where it is whole
            h = new
            pieces.append(y)
        return torch.cat(pieces, 1)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + changed_options(self)
