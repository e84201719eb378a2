"""The base of cells that fit neither gated stages nor a scan: a plain loop of steps around the cell's equations.

What `GatedCell` and `ScanCell` know of a recurrence (one product a stage, a linear state) is what makes them fast. A
convolution of the state, a solver inside a step or a state that turns by a matrix exponential fits neither; such a cell
says how a step goes, and runs in this loop alone: ``backends`` is "reference", and ``rnnzoo list layers`` says "step
loop". To add one, write a file beside this one:

    @LAYERS.register("leaky", class_name="LeakyRNN", kind="other", paper=Paper(...), ...)
    class Leaky(SteppedCell):
        gate_names = ("rate",)

        def parameter_shapes(self):
            H = self.hidden_size
            return {"weight_ih": (2 * H, self.input_size), "weight_hh": (H, H)}

        def hoist(self, x):                                  # what waits for no state, of all steps at once
            return linear(x, self.weight_ih).chunk(2, -1)    # (B, T, H) each

        def prepare(self):                                   # what is worked out of the parameters, once a call
            return (self.weight_hh,)

        def gates(self, now, state, prepared):
            return (torch.sigmoid(now[0]),)                  # (B, H)

        def advance(self, now, state, prepared):             # one step
            (a,), (h,), (U,) = self.gates(now, state, prepared), state, prepared
            h = (1 - a) * h + a * torch.tanh(now[1] + linear(h, U))
            return h, (h,)                                   # the output (B, O), the state

``step``, ``forward``, ragged batches, autocast and ``rnnzoo.gate_values`` follow. A cell without gates leaves `gates`
out. Several states: ``states = ("h", "c")``; of another shape, ``shapes = {"c": (H, N)}``; a clock, which counts in
whole numbers whatever the dtype of the rest: ``clocks = ("t",)``, of shape () unless ``shapes`` has it. Options, and
what depends on them, are set on ``self`` before the base's constructor is called, an ``output_size`` other than H
after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import GateValues, State
from rnnzoo.layers._checks import check_call, check_clocks, check_sizes, check_state, check_step
from rnnzoo.layers._gates import gate_report
from rnnzoo.ops.backends import resolve
from rnnzoo.ops.ragged import mask, where_rows, zero_padding


class SteppedCell(nn.Module):
    """One layer of any recurrence in one direction, step after step; a subclass declares its parts.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of every state not named in ``shapes``.
        bias: whether there are biases.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1.
    """

    states: tuple[str, ...] = ("h",)
    """Names of the state's members."""
    clocks: tuple[str, ...] = ()
    """Those of them that are whole numbers, int64."""
    shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({})
    """Shapes of states where they are not (H,), of clocks where they are not ()."""
    gate_names: tuple[str, ...] = ()
    """Names of what `gates` gives, in words ("forget", ...); one that begins with "candidate" is no gate."""
    backends: tuple[str, ...] = ("reference",)
    parameter_shapes: Callable[[], Mapping[str, tuple[int, ...]]]
    """Gives the shape of every parameter by name, in order."""
    advance: Callable[[tuple[Tensor, ...], State, tuple[Any, ...]], tuple[Tensor, State]]
    """One step, of what `hoist` gave for it (B, ...) each, the state before it and what `prepare` gave: y (B, O) and
    the state after it."""
    gates: Callable[[tuple[Tensor, ...], State, tuple[Any, ...]], tuple[Tensor, ...]]
    """The gates (B, N) of a step, of the same; `advance` calls it, so that what is shown is what is used. It may give
    more than ``gate_names`` names, behind the named ones."""

    def __init__(
        self, input_size: int, hidden_size: int, *, bias: bool = True, device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        self.bias = bias
        self.backend: str | None = None
        self.last_backend: str | None = None
        usual = {name: () if name in self.clocks else (hidden_size,) for name in self.states}
        shapes = {**usual, **self.shapes}
        self.state_shapes: tuple[tuple[int, ...], ...] = tuple(shapes[name] for name in self.states)
        for name, shape in self.parameter_shapes().items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every parameter uniformly from +-1/sqrt(H), as torch's recurrent layers do."""
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -(self.hidden_size**-0.5), self.hidden_size**-0.5)

    def hoist(self, x: Tensor) -> Sequence[Tensor]:
        """What does not wait for the state, of x (B, T, I): tensors (B, T, ...), of which a step sees (B, ...)."""
        return (x,)

    def prepare(self) -> tuple[Any, ...]:
        """What `advance` needs of the parameters and does not change from step to step."""
        return ()

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """Zeros (B, *shape), on the parameters' device and of their dtype unless told otherwise; clocks are int64."""
        like = self._weight().new_zeros(0, device=device, dtype=dtype)
        return tuple(
            like.new_zeros(batch_size, *shape, dtype=torch.int64 if name in self.clocks else None)
            for name, shape in zip(self.states, self.state_shapes, strict=True)
        )

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: x (B, I) and the state before it to y (B, O) and the state after it.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        weight = self._weight()
        check_step(x, self.input_size, weight)
        check_state(state, self.state_shapes, x.shape[0], weight)
        check_clocks(state, self.states, self.clocks)
        y, state, _, _ = self._run(x.unsqueeze(1), tuple(state), None)
        return y.squeeze(1), state

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The whole sequence, step by step.

        Args:
            x: input (B, T, I); padding beyond ``lengths`` may hold anything.
            state: before the first step; ``None``: `initial_state`.
            lengths: (B,) int64, each row's number of steps; ``None``: all T.

        Returns:
            y (B, T, O), zero beyond a row's length, and the state at each row's own length.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            UnknownName, BackendError: ``self.backend`` is none, or not "reference".
        """
        state = self._checked(x, state, lengths)
        backend = resolve(self.backend, self.backends, "reference", type(self).__name__)
        y, final, _, _ = self._run(x, state, lengths)
        self.last_backend = backend
        return y, final

    def gate_values(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> GateValues:
        """Gates and states of every step, of the arguments of `forward`; see `GateValues`. Clocks are not among them.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            NoGates: the cell declares none.
        """
        state = self._checked(x, state, lengths)
        _, _, gates, states = self._run(x, state, lengths, watch=True)
        return gate_report(self, gates, {name: states[name] for name in self.states if name not in self.clocks})

    def _checked(self, x: Tensor, state: State | None, lengths: Tensor | None) -> State:
        state = check_call(self, x, state, lengths, self._weight())
        check_clocks(state, self.states, self.clocks)
        return state

    def _run(
        self, x: Tensor, state: State, lengths: Tensor | None, *, watch: bool = False
    ) -> tuple[Tensor, State, dict[str, Tensor], dict[str, Tensor]]:
        """y (B, T, O) and the final state; if watched, gates and states (B, T, ...) of every step by name.

        Under autocast the loop itself runs in float32, as those of the other bases do.
        """
        if lengths is not None:
            x = zero_padding(x, lengths)  # whatever stands there may not reach a gradient
        hoisted = self.hoist(x)
        alive = None if lengths is None else mask(lengths.to(x.device), x.shape[1]).unbind(1)  # (B,) each
        outputs, watched = [], []
        device = x.device.type
        autocast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
        if autocast:
            hoisted, state = [_float32(value) for value in hoisted], tuple(_float32(member) for member in state)
        with torch.autocast(device, enabled=False) if autocast else nullcontext():
            prepared = self.prepare()
            for t, now in enumerate(zip(*(value.unbind(1) for value in hoisted), strict=True)):
                seen = self.gates(now, state, prepared)[: len(self.gate_names)] if watch and self.gate_names else ()
                y, after = self.advance(now, state, prepared)
                if alive is not None:
                    y = where_rows(alive[t], y, torch.zeros_like(y))
                    after = tuple(where_rows(alive[t], new, old) for new, old in zip(after, state, strict=True))
                outputs.append(y)
                state = after
                if watch:
                    watched.append((*seen, *state))
        if not watch:
            return torch.stack(outputs, 1), state, {}, {}
        found = [torch.stack(steps, 1) for steps in zip(*watched, strict=True)]
        if lengths is not None:
            found = [zero_padding(value, lengths) for value in found]
        gates, states = found[: len(self.gate_names)], found[len(self.gate_names) :]
        by_name = dict(zip(self.gate_names, gates, strict=True)), dict(zip(self.states, states, strict=True))
        return torch.stack(outputs, 1), state, *by_name

    def _weight(self) -> Tensor:
        """A parameter, for dtype and device."""
        return next(self.parameters())

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


def _float32(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() and value.dtype.itemsize < 4 else value
