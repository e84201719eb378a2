"""MiRU-2: a GRU both of whose gates are constants.

n = tanh(W x_t + b + U (theta * h_{t-1}) + b')
h_t = lambda * h_{t-1} + (1 - lambda) * n

Source: Zyarah, Kudithipudi, "Minion gated recurrent unit for continual learning", Neurocomputing 673, 2026,
arXiv 2503.06175.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor

from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._miru import PAPER, check_coefficients, mix
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "miru2",
    class_name="MiRU2",
    paper=PAPER,
    kind="gated",
    description="minion recurrent unit 2: a GRU both of whose gates are constants",
    tiny={"input_size": 3, "hidden_size": 4, "update_coefficient": 0.3, "reset_coefficient": 0.8},
    oracle="tests/oracles/miru2.py",
    exportable=True,
    double_backward=True,
)
class MiRU2(GatedCell):
    """Minion recurrent unit 2; the state lies between -1 and 1.

    With update_coefficient 0 and reset_coefficient 1 it is the simple recurrent network.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        update_coefficient: lambda, the part of the state that each step keeps, 0 to 1.
        reset_coefficient: theta, the part of the state that the candidate sees, 0 to 1.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), U ``weight_hh`` (H, H).

    Raises:
        ValueError: a size below 1, a coefficient that is not from 0 to 1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        update_coefficient: float = 0.5,
        reset_coefficient: float = 0.5,
        **common: Any,
    ) -> None:
        check_coefficients(update_coefficient=update_coefficient, reset_coefficient=reset_coefficient)
        self.update_coefficient, self.reset_coefficient = update_coefficient, reset_coefficient
        self.stages = (Stage("h", 1, 1, partial(mix, keep=update_coefficient), ("h",), ("h",), summed=True),)
        super().__init__(input_size, hidden_size, **common)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """theta U, once for all steps, and b'."""
        return [self.reset_coefficient * self.weight_hh], [self.bias_hh]

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        given = {name: getattr(self, name) for name in ("update_coefficient", "reset_coefficient")}
        return super().extra_repr() + "".join(f", {name}={value}" for name, value in given.items() if value != 0.5)
