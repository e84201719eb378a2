"""The batch-normalised LSTM: both products and the cell are normalised over the batch, each time step by itself.

(i, f, g, o) = BN(W x_t) + BN(U h_{t-1}) + b + b'
c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
h_t = sigmoid(o) * tanh(BN(c_t) + s)                   what is carried is c_t itself

BN(p) = gain * (p - mean) / sqrt(variance + 1e-5), channel by channel, with the mean and the variance of step t: in
training those of the rows of the batch, in evaluation a running average of them, kept for each of the first
``max_length`` steps of a sequence; the last of these serves all later steps. The clock in the state says which step it
is, so that a sequence in pieces is normalised as it is in one.

Source: Cooijmans, Ballas, Laurent, Gülçehre, Courville, "Recurrent Batch Normalization", ICLR 2017, arXiv 1603.09025,
section 3; gains of 0.1 to begin with from section 4.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnzoo.contracts import GateValues, Paper, State
from rnnzoo.layers._checks import check_call, check_sizes, check_state, check_step
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._gates import gate_report
from rnnzoo.layers._products import product
from rnnzoo.layers._step_statistics import EPSILON, Remembering, counted, over_rows
from rnnzoo.ops.gated import Stage, gated, gated_step
from rnnzoo.ops.gated_values import gated_values
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.registry import LAYERS

GATES = ("input", "forget", "candidate", "output")
STATES = ("h", "c")
GAINS = ("gain_hh", "gain_c", "shift_c")


def _gates(x: Tensor, u: Tensor, c: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = torch.addcmul(x[..., :4, :], x[..., 4:8, :], u).unbind(-2)  # (..., H) each
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def _update(x: Tensor, u: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = _gates(x, u, c)
    c = f * c + i * g
    return o * torch.tanh(torch.addcmul(x[..., 9, :], x[..., 8, :], c)), c


def _batch_gates(x: Tensor, u: Tensor, c: Tensor, gain: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
    gain = gain.unflatten(0, (4, -1))  # (4, H)
    u = over_rows(u, x[:, 10:], gain, torch.zeros_like(gain), x[:, 4:8] * u)
    i, f, g, o = (x[:, :4] + u).unbind(1)  # (B, H) each
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def _batch_update(x: Tensor, u: Tensor, c: Tensor, gain: Tensor, gain_c: Tensor, shift_c: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = _batch_gates(x, u, c, gain)
    c = f * c + i * g
    normalised = over_rows(c, x[:, 10], gain_c, shift_c, torch.addcmul(x[:, 9], x[:, 8], c))
    h = o * torch.tanh(normalised)
    return h, c, torch.cat([h, c], -1)


SHAPES = (Stage("h", 4, 4, _update, ("c",), STATES),)
"""What the shapes of the parameters are worked out from."""
EVALUATION = (Stage("h", 10, 4, _update, ("c",), STATES, gates=_gates, gate_names=GATES),)
"""Input blocks: W x normalised (4), scale of U h (4), scale and shift of c: no statistic is left for the loop."""

TRAINING = (
    Stage(
        "h",
        11,
        4,
        _batch_update,
        ("c", *GAINS),
        (*STATES, "hc"),
        pointwise=False,
        gates=_batch_gates,
        gate_names=GATES,
    ),
)
"""The same blocks, used where a step has a single row, and a last one: 1 where the row counts in the statistics."""


@LAYERS.register(
    "batch_norm_lstm",
    class_name="BatchNormLSTM",
    paper=Paper(
        "Recurrent Batch Normalization",
        "Tim Cooijmans, Nicolas Ballas, César Laurent, Çağlar Gülçehre, Aaron Courville",
        2017,
        "https://arxiv.org/abs/1603.09025",
    ),
    kind="gated",
    description="LSTM whose products and cell are normalised over the batch, with statistics of each time step",
    tiny={"input_size": 3, "hidden_size": 4, "max_length": 5},
    oracle="tests/oracles/batch_norm_lstm.py",
    exportable=True,
    double_backward=True,
)
class BatchNormLSTM(GatedCell):
    """Batch-normalised LSTM; the states are h, c and the clock (B,), the number of steps each row has had.

    In training the rows of a batch see one another through its statistics; padding has no part in them. A step with a
    single row left has none, and is normalised as in evaluation. The paper averages the statistics over the training
    set when training is over; here they are running averages. Where inputs or states do not vary over the rows, as at
    the first step of a sequence, the gradient through the norm is large; the paper adds noise to the initial state.

    Evaluation runs in native code. Training does not: there a thread cannot take its rows through time alone.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of h, of c and of the output.
        max_length: L, the number of steps that have statistics of their own (the paper's T_max, the length of the
            longest training sequence).
        bias: whether there are biases, b (``bias_ih``), b' (``bias_hh``) and s (``shift_c``, (H,)).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (4H, I), ``weight_hh`` (4H, H), the gains ``gain_ih`` and
            ``gain_hh`` (4H,) and the biases hold i, f, g, o; the cell's gain is ``gain_c`` (H,). The running averages
            are the buffers ``mean_ih``, ``var_ih``, ``mean_hh``, ``var_hh`` (L, 4H), ``mean_c`` and ``var_c`` (L, H).

    Raises:
        ValueError: a size or ``max_length`` below 1.
    """

    gain_ih: nn.Parameter
    gain_hh: nn.Parameter
    gain_c: nn.Parameter
    mean_ih: Tensor
    mean_hh: Tensor
    mean_c: Tensor
    var_ih: Tensor
    var_hh: Tensor
    var_c: Tensor
    states = STATES
    forget_block = 1
    """Which of the blocks of H rows is the forget gate's."""

    def __init__(self, input_size: int, hidden_size: int, *, max_length: int = 100, **common: Any) -> None:
        check_sizes(max_length=max_length)
        self.max_length = max_length
        super().__init__(input_size, hidden_size, **common)
        self.state_shapes = (*self.state_shapes, ())

    @property
    def stages(self) -> tuple[Stage, ...]:  # type: ignore[override]
        """They normalise by the batch, or in evaluation by the running averages, whoever set ``training``."""
        if "_layout" not in vars(self):
            return SHAPES
        return TRAINING if self.training else EVALUATION

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The base's, the gains, and the shift of the cell."""
        H = self.hidden_size
        shapes = super().parameter_shapes() | {"gain_ih": (4 * H,), "gain_hh": (4 * H,), "gain_c": (H,)}
        return shapes | ({"shift_c": (H,)} if self.bias else {})

    def reset_parameters(self) -> None:
        """Gains 0.1, as in the paper, biases 0, running means 0 and variances 1; the rest as the base."""
        super().reset_parameters()
        for name, parameter in self.named_parameters():
            if not name.startswith("weight"):
                nn.init.constant_(parameter, 0.1 if name.startswith("gain") else 0.0)
        for name, gain in {"ih": self.gain_ih, "hh": self.gain_hh, "c": self.gain_c}.items():
            table = gain.detach().new_zeros(self.max_length, len(gain))
            self.register_buffer(f"mean_{name}", table)
            self.register_buffer(f"var_{name}", torch.ones_like(table))

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """Zeros: h and c (B, H), on the parameters' device and of their dtype unless told, and the clock (B,) int64."""
        like = self.weight_ih.new_zeros(0, device=device, dtype=dtype)
        clock = torch.zeros(batch_size, dtype=torch.int64, device=like.device)
        return (*(like.new_zeros(batch_size, self.hidden_size) for _ in STATES), clock)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step, x (B, I) to y (B, H); in training the statistics are those of the B rows.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        check_step(x, self.input_size, self.weight_ih)
        check_state(state, self.state_shapes, x.shape[0], self.weight_ih)
        *start, clock = state
        blocks = self._blocks(x.unsqueeze(1), clock, None)[:, 0]  # (B, W)
        y, final = gated_step(
            self.stages,
            blocks,
            tuple(start),
            [self.weight_hh],
            [None],
            self.vector_weights(),
            states=STATES,
            output=self._put,
        )
        if self.training:
            self._remember(x.unsqueeze(1), y.unsqueeze(1), start[0], clock, None)
        return y[:, : self.hidden_size], (*final, clock + 1)

    def gate_values(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> GateValues:
        """Gates and states of every step, of the arguments of `forward`; the running averages stay as they are.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
        """
        *start, clock = check_call(self, x, state, lengths)
        x = x if lengths is None else zero_padding(x, lengths)
        blocks, gains = self._blocks(x, clock, lengths), self.vector_weights()
        found = gated_values(
            self.stages, blocks, tuple(start), [self.weight_hh], [None], gains, states=STATES, lengths=lengths
        )
        return gate_report(self, *found)

    def _gated(self, x: Tensor, state: State, lengths: Tensor | None, backend: str) -> tuple[Tensor, State]:
        *start, clock = state
        x = x if lengths is None else zero_padding(x, lengths)
        y, final = gated(
            self.stages,
            self._blocks(x, clock, lengths),
            tuple(start),
            [self.weight_hh],
            [None],
            self.vector_weights(),
            states=STATES,
            output=self._put,
            lengths=lengths,
            backend=backend,
        )
        if self.training:
            self._remember(x, y, start[0], clock, lengths)
        end = clock + (x.shape[1] if lengths is None else lengths.to(clock.device))
        return y[..., : self.hidden_size], (*final, end)

    @property
    def _put(self) -> str:
        """What the recurrence puts out: in training c too, for its statistics."""
        return "hc" if self.training else "h"

    def vector_weights(self) -> dict[str, Tensor]:
        """What the updates read: in evaluation nothing, for the input blocks hold it all."""
        if not self.training:
            return {}
        return {"gain_hh": self.gain_hh, "gain_c": self.gain_c, "shift_c": self._shift_c()}

    def _shift_c(self) -> Tensor:
        return self.shift_c if self.bias else torch.zeros_like(self.gain_c)  # type: ignore[return-value]

    def _blocks(self, x: Tensor, clock: Tensor, lengths: Tensor | None) -> Tensor:
        """The stages' input blocks, (B, T, 10H) or in training (B, T, 11H), of x (B, T, I), zero in the padding."""
        p = product(x, self.weight_ih)  # (B, T, 4H)
        bias = sum((b for b in (self.bias_ih, self.bias_hh) if b is not None), torch.zeros_like(self.gain_ih))
        scales = [
            gain * torch.rsqrt(var + EPSILON)  # (L, 4H), (L, 4H), (L, H)
            for gain, var in ((self.gain_ih, self.var_ih), (self.gain_hh, self.var_hh), (self.gain_c, self.var_c))
        ]
        means = [mean.clone() for mean in (self.mean_ih, self.mean_hh, self.mean_c)]  # these change before the backward
        shift = bias - means[0] * scales[0] - means[1] * scales[1]  # (L, 4H)
        shift_c = self._shift_c() - means[2] * scales[2]
        table = torch.cat([scales[0], shift, *scales[1:], shift_c], -1)  # (L, 14H)
        scale, shift, rest = table[self._index(x, clock)].tensor_split((p.shape[-1], 2 * p.shape[-1]), -1)
        own = torch.addcmul(shift, scale, p)
        if not self.training:
            return torch.cat([own, rest], -1)
        counts = counted(p, lengths)  # (B, T, 1)
        own = over_rows(p, counts, self.gain_ih, bias, own)
        return torch.cat([own, rest, counts.expand(*x.shape[:2], self.hidden_size)], -1)

    def _index(self, x: Tensor, clock: Tensor) -> Tensor:
        """Which row of the running averages each step of each row uses, (B, T)."""
        steps = torch.arange(x.shape[1], device=x.device)
        return (clock.unsqueeze(1) + steps).clamp(max=self.max_length - 1)

    @torch.no_grad()
    def _remember(self, x: Tensor, y: Tensor, h: Tensor, clock: Tensor, lengths: Tensor | None) -> None:
        """Let the running averages take in a batch: its x, what was put out (h and c), and the h before."""
        dtype = self.weight_ih.dtype
        counts = counted(x.to(dtype), lengths)  # (B, T, 1)
        memory = Remembering(self._index(x, clock), counts, self.max_length)
        outputs, cells = y.to(dtype).split(self.hidden_size, -1)  # (B, T, H) each
        before = torch.cat([h.to(dtype).unsqueeze(1), outputs[:, :-1]], 1)
        with torch.autocast(x.device.type, enabled=False):
            memory.take_in(linear(x.to(dtype), self.weight_ih), self.mean_ih, self.var_ih)
            memory.take_in(linear(before, self.weight_hh), self.mean_hh, self.var_hh)
            memory.take_in(cells, self.mean_c, self.var_c)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.max_length == 100 else f", max_length={self.max_length}")
