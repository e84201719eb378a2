"""The fast-slow RNN: a chain of fast cells that share a state and run one after another in each step, and a slow cell.

f_1: F_1(x_t, f_k of the step before)           f: the state that the fast cells hand on, y(f) what a cell puts out
g:   S(y(f_1), g of the step before)            g: that of the slow cell, which runs once a step
f_2: F_2(y(g), f_1)
f_i: F_i(0, f_{i-1}), i = 3, ..., k             these have no input
y_t = y(f_k)

Source: Mujika, Meier, Steger, "Fast-Slow Recurrent Neural Networks", NeurIPS 2017, arXiv 1705.08639, section 3; that
the fast cells hand on all their state, and an input of one zero, as in the authors' code (amujika/Fast-Slow-LSTM). Its
dropout and its layer norm and zoneout inside the cells are a matter of those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._stepped import SteppedCell
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "fast_slow",
    class_name="FastSlowRNN",
    paper=Paper(
        "Fast-Slow Recurrent Neural Networks",
        "Asier Mujika, Florian Meier, Angelika Steger",
        2017,
        "https://arxiv.org/abs/1705.08639",
    ),
    kind="other",
    description="fast cells one after another within a step, around a slow cell that runs once",
    tiny={"input_size": 3, "hidden_size": 4, "slow_size": 5},
    oracle="tests/oracles/fast_slow.py",
    exportable=True,
    double_backward=True,
)
class FastSlowRNN(SteppedCell):
    """Fast-slow RNN: the state is that of the fast cells, then that of the slow one; the last fast cell puts out.

    A step's products wait for one another across cells, so it is a loop of the cells' own steps.

    Args:
        input_size: I, the width of the input.
        hidden_size: H of the fast cells.
        fast, slow: names of layers. The fast cells from the third on are made for an input of width 1, which is zero,
            so that their input weights stay as they are.
        fast_cells: k, how many fast cells there are, 2 or more.
        slow_size: H of the slow cell; None: that of the fast ones.
        fast_options, slow_options: options of the cells.
        bias: whether the cells have biases.
        device, dtype: of the parameters, which are those of the cells, ``fast_chain`` and ``slow_cell``.

    Raises:
        UnknownName: no such layer.
        ValueError: a size below 1, or fewer than two fast cells; and whatever the cells raise.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        fast: str = "lstm",
        slow: str = "lstm",
        fast_cells: int = 2,
        slow_size: int | None = None,
        fast_options: Mapping[str, Any] | None = None,
        slow_options: Mapping[str, Any] | None = None,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        slow_width = hidden_size if slow_size is None else slow_size
        check_sizes(input_size=input_size, hidden_size=hidden_size, slow_size=slow_width, fast_cells=fast_cells)
        if fast_cells < 2:
            raise ValueError(f"fast_cells is {fast_cells}; expected 2 or more: the slow cell stands between two.")
        common = {"bias": bias, "device": device, "dtype": dtype}
        make_fast, make_slow = LAYERS.entry(fast).target, LAYERS.entry(slow).target

        def one_fast(width: int) -> Any:
            return make_fast(width, hidden_size, **common, **dict(fast_options or {}))

        first = one_fast(input_size)
        slow_cell: Any = make_slow(first.output_size, slow_width, **common, **dict(slow_options or {}))
        chain = [first, one_fast(slow_cell.output_size), *(one_fast(1) for _ in range(2, fast_cells))]
        members = (*first.initial_state(1), *slow_cell.initial_state(1))
        self.fast_members = len(first.state_shapes)
        self.states = tuple(f"state_{i}" for i in range(len(members)))
        kinds = zip(self.states, members, strict=True)
        self.clocks = tuple(name for name, member in kinds if not member.is_floating_point())
        self.shapes = dict(zip(self.states, (*first.state_shapes, *slow_cell.state_shapes), strict=True))
        super().__init__(input_size, hidden_size, bias=bias)
        self.fast, self.slow, self.fast_cells, self.slow_size = fast, slow, fast_cells, slow_size
        self.fast_chain, self.slow_cell = nn.ModuleList(chain), slow_cell
        self.output_size = first.output_size

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """None of its own."""
        return {}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Those of the cells."""
        cells: list[Any] = [*self.fast_chain, self.slow_cell]
        return [group for cell in cells if hasattr(cell, "parameter_groups") for group in cell.parameter_groups()]

    def initial_state(self, batch_size: int, *, device: Any = None, dtype: torch.dtype | None = None) -> State:
        """That of the fast cells, then that of the slow one."""
        cells: tuple[Any, ...] = (self.fast_chain[0], self.slow_cell)
        given = {"device": device, "dtype": dtype}
        return tuple(member for cell in cells for member in cell.initial_state(batch_size, **given))

    def advance(self, now: tuple[Tensor, ...], state: State, prepared: tuple[Any, ...]) -> tuple[Tensor, State]:
        """One step of every cell."""
        chain: list[Any] = list(self.fast_chain)
        fast, slow = state[: self.fast_members], state[self.fast_members :]
        y, fast = chain[0].step(now[0], fast)
        read, slow = self.slow_cell.step(y, slow)
        y, fast = chain[1].step(read, fast)
        for cell in chain[2:]:
            y, fast = cell.step(y.new_zeros(len(y), 1), fast)
        return y, (*fast, *slow)
