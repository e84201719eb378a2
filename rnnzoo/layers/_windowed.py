"""The base of cells without a recurrence, which see the last w steps: their state is a tail of those, and a count."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import State
from rnnzoo.layers._checks import check_call, check_sizes, check_state, check_step
from rnnzoo.ops.backends import resolve
from rnnzoo.ops.ragged import zero_padding


class WindowedCell(nn.Module):
    """A function of the last ``window`` steps; a subclass gives `parameter_shapes`, `reset_parameters` and `run`.

    Args:
        input_size, hidden_size: I and H.
        window: w, how many steps a step sees, its own the last.
        tails: the widths of what is kept of the w - 1 steps before a step.
        counts: whether the state also counts the steps so far, a whole number (B,).
        bias: whether there are biases.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1.
    """

    bound: Mapping[str, str] = MappingProxyType({})
    """Members of the state that mean nothing apart from the others, with the reason: see ``rnnzoo.wrappers``."""
    backends = ("reference",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        window: int,
        tails: tuple[int, ...],
        counts: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_sizes(input_size=input_size, hidden_size=hidden_size, window=window)
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        self.window, self.bias, self.counts = window, bias, counts
        self.backend: str | None = None
        self.last_backend: str | None = None
        shapes: tuple[tuple[int, ...], ...] = tuple((window - 1, width) for width in tails)
        self.state_shapes = (*shapes, ()) if counts else shapes
        for name, shape in self.parameter_shapes().items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter by name, in order."""
        raise NotImplementedError(f"{type(self).__name__} has no parameter_shapes.")

    def reset_parameters(self) -> None:
        """Matrices uniformly from +-1/sqrt(columns), as torch's linear; vectors zero."""
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.uniform_(parameter, -(parameter.shape[1] ** -0.5), parameter.shape[1] ** -0.5)
            else:
                nn.init.zeros_(parameter)

    def run(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """y (B, T, H) of x (B, T, I), finite in the padding, and each row's final state."""
        raise NotImplementedError(f"{type(self).__name__} has no run.")

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """Zeros (B, w - 1, width) for each tail, and a count of 0 where there is one."""
        like = next(self.parameters()).new_zeros(0, device=device, dtype=dtype)
        tails = self.state_shapes[:-1] if self.counts else self.state_shapes
        state = tuple(like.new_zeros(batch_size, *shape) for shape in tails)
        return (*state, torch.zeros(batch_size, dtype=torch.int64, device=like.device)) if self.counts else state

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: x (B, I) and the state before it to y (B, H) and the state after it, in time that is constant.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        weight = next(self.parameters())
        check_step(x, self.input_size, weight)
        check_state(state, self.state_shapes, x.shape[0], weight)
        y, after = self.run(x.unsqueeze(1), tuple(state), None)
        return y.squeeze(1), after

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The whole sequence at once: x (B, T, I) to y (B, T, H), zero beyond a row's length, and the final state.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
            BackendError: a backend was forced that is not "reference".
        """
        state = check_call(self, x, state, lengths, next(self.parameters()))
        self.last_backend = resolve(self.backend, self.backends, "reference", type(self).__name__)
        y, final = self.run(x if lengths is None else zero_padding(x, lengths), state, lengths)
        return (y if lengths is None else zero_padding(y, lengths)), final

    def extra_repr(self) -> str:
        """The sizes and the window."""
        return f"{self.input_size}, {self.hidden_size}, window={self.window}"
