"""The dilated RNN: a recurrent cell that sees not the state of the step before, but of several steps before.

h_t = f(x_t, h_{t-s}),  s = M^l                  f: the step of any cell; l = 0, 1, ...: the layer's place in its stack

So s lanes, of every s-th step each, run beside one another, and know nothing of one another; what a layer above sees of
the past grows with M^l at no more than the cost of one cell.

Source: Chang, Zhang, Han, Yu, Guo, Tan, Cui, Witbrock, Hasegawa-Johnson, Huang, "Dilated Recurrent Neural Networks",
NeurIPS 2017, arXiv 1710.02224, section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_call, check_place, check_sizes, check_state, check_step
from rnnzoo.ops.ragged import where_rows, zero_padding
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "dilated",
    class_name="DilatedRNN",
    paper=Paper(
        "Dilated Recurrent Neural Networks",
        "Shiyu Chang, Yang Zhang, Wei Han, Mo Yu, Xiaoxiao Guo, Wei Tan, Xiaodong Cui, Michael Witbrock, "
        "Mark Hasegawa-Johnson, Thomas S. Huang",
        2017,
        "https://arxiv.org/abs/1710.02224",
    ),
    kind="other",
    description="any cell over lanes of every s-th step, s growing by a power with each layer",
    tiny={"input_size": 3, "hidden_size": 4, "layer_index": 1, "num_layers": 2},
    oracle="tests/oracles/dilated.py",
    exportable=True,
    double_backward=True,
)
class DilatedRNN(nn.Module):
    """Dilated recurrent network around a cell, which runs its lanes as rows of a batch, with all its backends.

    A state has those of the last s steps, the oldest first: each member is (s, *that of the cell). A layer by itself is
    the first of a stack, with s = 1, and then it is the cell.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, as the cell takes it.
        cell: the name of a layer.
        base: M.
        cell_options: options of the cell, such as ``{"nonlinearity": "relu"}`` for an SRN.
        bias: whether the cell has biases.
        layer_index, num_layers: the layer's place in its stack, from 0, and the stack's depth.
        device, dtype: of the parameters, which are those of the cell, ``inner``.

    Raises:
        UnknownName: no such layer.
        ValueError: a size below 1, or a place that is not in the stack; and whatever the cell raises.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        cell: str = "lstm",
        base: int = 2,
        cell_options: Mapping[str, Any] | None = None,
        bias: bool = True,
        layer_index: int = 0,
        num_layers: int = 1,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        check_sizes(base=base)
        check_place(layer_index, num_layers)
        self.cell, self.base, self.cell_options = cell, base, dict(cell_options or {})
        made = LAYERS.entry(cell).target
        self.inner = made(input_size, hidden_size, bias=bias, device=device, dtype=dtype, **self.cell_options)
        self.input_size, self.output_size, self.dilation = input_size, self.inner.output_size, base**layer_index
        self.state_shapes = tuple((self.dilation, *shape) for shape in self.inner.state_shapes)

    @property
    def backends(self) -> tuple[str, ...]:
        """Those of the cell."""
        return getattr(self.inner, "backends", ("reference",))

    @property
    def backend(self) -> str | None:
        """The one the cell is forced to run by."""
        return self.inner.backend

    @backend.setter
    def backend(self, backend: str | None) -> None:
        self.inner.backend = backend

    @property
    def last_backend(self) -> str | None:
        """The one the cell ran by last."""
        return self.inner.last_backend

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Those of the cell."""
        return self.inner.parameter_groups() if hasattr(self.inner, "parameter_groups") else []

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """That of the cell in every lane."""
        one = self.inner.initial_state(batch_size, device=device, dtype=dtype)
        return tuple(torch.stack([member] * self.dilation, 1) for member in one)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: x (B, I) and the states of the last s steps to y (B, O) and those of the last s then.

        Raises:
            TypeError, ValueError: x or the state has a wrong shape, dtype or device.
        """
        weight = self._weight()
        check_step(x, self.input_size, weight)
        check_state(state, self.state_shapes, x.shape[0], weight)
        y, after = self.inner.step(x, tuple(member[:, 0] for member in state))
        pairs = zip(state, after, strict=True)
        return y, tuple(torch.cat((member[:, 1:], new.unsqueeze(1)), 1) for member, new in pairs)

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The whole sequence, equal to stepping through it.

        Args:
            x: input (B, T, I); padding beyond ``lengths`` may hold anything.
            state: before the first step; ``None``: `initial_state`.
            lengths: (B,) int64, each row's number of steps; ``None``: all T.

        Returns:
            y (B, T, O), zero beyond a row's length, and the state at each row's own length.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range.
        """
        state = check_call(self, x, state, lengths, self._weight())
        (B, T, _), s = x.shape, self.dilation
        if lengths is not None:
            x = zero_padding(x, lengths)  # whatever stands there may not reach a lane that has no step of its own
        ends = torch.full((B,), T) if lengths is None else lengths  # on the CPU if it can be, as cells like it
        place = torch.arange(s, device=ends.device)
        count = (ends.unsqueeze(1) - place + s - 1) // s  # (B, s), the steps of each lane
        steps = -(-T // s)
        lanes = nn.functional.pad(x, (0, 0, 0, steps * s - T)).unflatten(1, (steps, s)).transpose(1, 2)
        start = tuple(member.flatten(0, 1) for member in state)  # (B s, ...)
        whole = lengths is None and T % s == 0
        y, final = self.inner(lanes.flatten(0, 1), start, None if whole else count.clamp(min=1).flatten())
        ran = (count > 0).flatten().to(x.device)  # (B s,)
        order = ((ends.unsqueeze(1) + place) % s).to(x.device)  # (B, s), the lanes, that of the next step first
        rows = torch.arange(B, device=x.device).unsqueeze(1)
        after = []
        for new, old in zip(final, start, strict=True):
            kept = where_rows(ran, new, old)  # (B s, ...)
            after.append(kept.unflatten(0, (B, s))[rows, order])
        y = y.unflatten(0, (B, s)).transpose(1, 2).flatten(1, 2)[:, :T]  # (B, T, O)
        return (y if lengths is None else zero_padding(y, lengths)), tuple(after)

    def _weight(self) -> Tensor:
        """A weight, for dtype and device."""
        found = next(self.parameters(), None)
        return next(self.buffers()) if found is None else found

    def extra_repr(self) -> str:
        """The dilation."""
        return f"dilation={self.dilation}"
