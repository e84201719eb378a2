"""The base of cells whose state follows h_t = a_t * h_{t-1} + b_t with a and b from the input alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import GateValues, State
from rnnzoo.layers._checks import check_call, check_sizes, check_state, check_step
from rnnzoo.layers._gates import gate_report
from rnnzoo.ops.backends import resolve
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.ops.scan import BACKENDS, scan


class ScanCell(nn.Module):
    """A cell with one state, run step by step or over a whole sequence in parallel by `rnnzoo.ops.scan`.

    A subclass declares `coefficients`, and `readout` where the output is not the state itself; ``step`` and ``forward``
    share both. Its `state_shapes` has one member, (hidden_size,) unless it says otherwise. One with gates declares
    their names in ``gate_names`` and their values in `gates`, which `coefficients` (or `readout`) then calls, so that
    what ``rnnzoo.gate_values`` shows is what is used.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state.
        bias: whether the input product has a bias.
        blocks: how many products of width H the input takes part in; they are one matrix, ``weight_ih`` (blocks H, I).
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1.
    """

    gate_names: tuple[str, ...] = ()
    """Names of what `gates` gives, in words ("forget", ...); one that begins with "candidate" is no gate."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        blocks: int,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = hidden_size
        self.bias = bias
        self.state_shapes: tuple[tuple[int, ...], ...] = ((hidden_size,),)
        self.backend: str | None = None
        self.last_backend: str | None = None
        self.weight_ih = nn.Parameter(torch.empty(blocks * hidden_size, input_size, device=device, dtype=dtype))
        if bias:
            self.bias_ih = nn.Parameter(torch.empty(blocks * hidden_size, device=device, dtype=dtype))
        else:
            self.register_parameter("bias_ih", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every parameter uniformly from +-1/sqrt(H), as torch's recurrent layers do."""
        bound = self.hidden_size**-0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def coefficients(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """a and b (B, T, *state shape) of input x (B, T, I); without the T for x (B, I)."""
        raise NotImplementedError(f"{type(self).__name__} does not define coefficients(x) -> (a, b)")

    def gates(self, x: Tensor) -> tuple[Tensor, ...]:
        """The gates (B, T, N) of input x (B, T, I), without the T for x (B, I); none unless a cell declares some."""
        return ()

    def readout(self, h: Tensor, x: Tensor) -> Tensor:
        """The output (B, T, O) of states h (B, T, *state shape) and input x (B, T, I); without the T alike."""
        return h

    def project(self, x: Tensor) -> tuple[Tensor, ...]:
        """The products of x (..., I) with each block of ``weight_ih``, each (..., H); autocast's come as float32."""
        p = nn.functional.linear(x, self.weight_ih, self.bias_ih)  # (..., blocks H)
        if p.dtype != self.weight_ih.dtype:  # autocast multiplied in half precision
            p = p.float()
        return p.split(self.hidden_size, -1)

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """Zeros (B, *state shape), on the parameters' device and of their dtype unless told otherwise."""
        device, dtype = device or self.weight_ih.device, dtype or self.weight_ih.dtype
        return tuple(torch.zeros(batch_size, *shape, device=device, dtype=dtype) for shape in self.state_shapes)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: x (B, I) and the state before it to y (B, O) and the state after it.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        check_step(x, self.input_size, self.weight_ih)
        check_state(state, self.state_shapes, x.shape[0], self.weight_ih)
        a, b = self.coefficients(x)
        h = a * state[0] + b  # (B, *state shape)
        return self.readout(h, x), (h,)

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The whole sequence at once.

        Args:
            x: input (B, T, I).
            state: before the first step; ``None``: `initial_state`.
            lengths: (B,) int64, each row's number of steps; ``None``: all T.

        Returns:
            y (B, T, O), zero beyond a row's length, and the state at each row's own length.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            BackendError: the backend asked for cannot run.
        """
        state = check_call(self, x, state, lengths)
        backend = resolve(self.backend, BACKENDS, "torch", what=type(self).__name__)
        if lengths is not None:
            x = zero_padding(x, lengths)  # whatever stands there may not reach a gradient
        a, b = self.coefficients(x)
        h, final = scan(a, b, state[0], lengths=lengths, backend=backend)
        y = self.readout(h, x)  # (B, T, O)
        if lengths is not None and y is not h:
            y = zero_padding(y, lengths)
        self.last_backend = backend
        return y, (final,)

    def gate_values(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> GateValues:
        """Gates and states of every step, of the arguments of `forward`; see `GateValues`.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            NoGates: the cell declares none.
        """
        state = check_call(self, x, state, lengths)
        x = x if lengths is None else zero_padding(x, lengths)
        h, _ = scan(*self.coefficients(x), state[0], lengths=lengths)  # (B, T, *state shape)
        values = self.gates(x)
        if lengths is not None:
            values = tuple(zero_padding(value, lengths) for value in values)
        return gate_report(self, dict(zip(self.gate_names, values, strict=False)), {"h": h})

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")
