"""The clockwork RNN: modules of a simple recurrent network that run at different speeds.

The hidden layer is in g modules with periods T_1 < T_2 < ...; at step t = 0, 1, 2, ... module i does
    h_i,t = tanh(W_i x_t + b_i + sum over j >= i of U_ij h_j,t-1)           where t mod T_i = 0
    h_i,t = h_i,t-1                                                         where it is not
so that a module hears itself and the slower ones, and U is block upper triangular. All modules run at the first step.

Source: Koutník, Greff, Gomez, Schmidhuber, "A Clockwork RNN", ICML 2014, arXiv 1402.3511, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._carrying import CarryingCell, clock_steps
from rnnzoo.layers._checks import check_sizes
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

MODULES = 4
"""How many modules there are by default, as far as there are units for them."""


def _gates(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1, :], torch.tanh(x[..., 0, :] + u[..., 0, :])  # (..., H) each


def _update(x: Tensor, u: Tensor, h: Tensor) -> tuple[Tensor]:
    runs, n = _gates(x, u, h)
    return (runs * n + (1 - runs) * h,)


@LAYERS.register(
    "clockwork",
    class_name="ClockworkRNN",
    paper=Paper(
        "A Clockwork RNN",
        "Jan Koutník, Klaus Greff, Faustino Gomez, Jürgen Schmidhuber",
        2014,
        "https://arxiv.org/abs/1402.3511",
    ),
    kind="gated",
    description="simple recurrent network in modules, each of which runs at every 1st, 2nd, 4th, ... step alone",
    tiny={"input_size": 3, "hidden_size": 6, "periods": (1, 2, 5)},
    oracle="tests/oracles/clockwork.py",
    exportable=True,
    double_backward=True,
)
class Clockwork(CarryingCell):
    """Clockwork RNN; the states are h and the clock t (B,) int64, the number of steps each row has had.

    The modules lie in h one after the other, the fastest first, and are as equal in width as H allows. What is skipped
    in a step here is what the module would have become, not the work of finding it out.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of h and of the output.
        periods: T_1, T_2, ..., rising; None: 1, 2, 4, 8, or as many of them as there are units.
        bias: whether there is a bias b (``bias_ih``), at first 0.
        device, dtype: of the parameters; ``weight_ih`` (H, I), and for module i, of n_i units, ``weight_hh_i``
            (n_i, those of it and the slower modules); at first normal with deviation 0.1, as in the paper.

    Raises:
        ValueError: a size below 1; periods that do not rise from at least 1, or more of them than units.
    """

    carried = MappingProxyType({"t": ()})
    clocks = ("t",)
    stages = (Stage("h", 2, 1, _update, ("h",), ("h",), gates=_gates, gate_names=("update", "candidate")),)
    period_of_unit: Tensor

    def __init__(
        self, input_size: int, hidden_size: int, *, periods: Sequence[int] | None = None, bias: bool = True,
        device: Any = None, dtype: torch.dtype | None = None,
    ) -> None:  # fmt: skip
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        if periods is None:
            periods = [2**i for i in range(min(MODULES, hidden_size))]
        self.periods = _checked(periods, hidden_size)
        super().__init__(input_size, hidden_size, bias=bias, recurrent_bias=False, device=device, dtype=dtype)
        of_unit = [period for period, width in zip(self.periods, self._widths(), strict=True) for _ in range(width)]
        self.register_buffer("period_of_unit", torch.tensor(of_unit, device=self.weight_ih.device), persistent=False)

    def _widths(self) -> list[int]:
        """The units of each module."""
        count = len(self.periods)
        return [self.hidden_size // count + (i < self.hidden_size % count) for i in range(count)]

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """W, b and the blocks of U that are not zero, a row of blocks each."""
        H, widths = self.hidden_size, self._widths()
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (H, self.input_size)}
        shapes |= {f"weight_hh_{i}": (width, sum(widths[i:])) for i, width in enumerate(widths)}
        return shapes | ({"bias_ih": (H,)} if self.bias else {})

    def reset_parameters(self) -> None:
        """Weights normal with deviation 0.1, biases 0."""
        for name, parameter in self.named_parameters():
            nn.init.normal_(parameter, std=0.1) if name.startswith("weight") else nn.init.zeros_(parameter)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """U (H, H), with zeros below its diagonal blocks."""
        rows = [getattr(self, f"weight_hh_{i}") for i in range(len(self.periods))]
        return [torch.cat([nn.functional.pad(row, (self.hidden_size - row.shape[1], 0)) for row in rows])], [None]

    def carry(self, x: Tensor, carried: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Input products and which units run, (B, T, 2H); the clock."""
        products = linear(x, self.weight_ih, self.bias_ih)  # (B, T, H)
        steps, after = clock_steps(carried[0], x, lengths)
        runs = steps.unsqueeze(-1) % self.period_of_unit == 0  # (B, T, H)
        return torch.cat([products, runs.to(products.dtype)], -1), (after,)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        said = f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")
        usual = tuple(2**i for i in range(min(MODULES, self.hidden_size)))
        return said + ("" if self.periods == usual else f", periods={self.periods}")


def _checked(periods: Any, hidden_size: int) -> tuple[int, ...]:
    """The periods, if they are whole numbers that rise, and there is a unit for each.

    Raises:
        ValueError: it says what was given and what was expected.
    """
    given = tuple(periods) if isinstance(periods, Sequence) and not isinstance(periods, str) else ()
    whole = all(isinstance(period, int) and not isinstance(period, bool) for period in given)
    if not given or not whole or given[0] < 1 or any(a >= b for a, b in pairwise(given)):
        raise ValueError(
            f"periods is {periods!r}; expected whole numbers that rise from at least 1, such as (1, 2, 4)."
        )
    if len(given) > hidden_size:
        raise ValueError(
            f"periods has {len(given)} modules and hidden_size is {hidden_size}; expected a unit or more for each."
        )
    return given
