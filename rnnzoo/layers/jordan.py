"""Jordan's network: what is fed back is the output.

h_t = phi(W x_t + b + U y_{t-1} + b')
y_t = psi(V h_t + b_y)

Source: Jordan, "Serial Order: A Parallel Distributed Processing Approach", ICS Report 8604, University of California,
San Diego, 1986 (reprinted in Advances in Psychology 121, 1997). There the state units also keep a decaying sum of past
outputs; the form here, without that sum, is the one that textbooks call a Jordan network.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._nonlinearities import nonlinearity as chosen
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _hidden(a: Tensor, _: None, *, function: Callable[[Tensor], Tensor]) -> tuple[Tensor]:
    return (function(a[..., 0, :]),)


def _output(_: None, u: Tensor, *, function: Callable[[Tensor], Tensor]) -> tuple[Tensor]:
    return (function(u[..., 0, :]),)


@LAYERS.register(
    "jordan",
    class_name="JordanRNN",
    paper=Paper(
        "Serial Order: A Parallel Distributed Processing Approach",
        "Michael I. Jordan",
        1986,
        "https://doi.org/10.1016/S0166-4115(97)80111-2",
    ),
    kind="gated",
    description="simple recurrent network whose output, not its hidden layer, is fed back",
    tiny={"input_size": 3, "hidden_size": 6, "output_size": 3},
    oracle="tests/oracles/jordan.py",
    exportable=True,
    double_backward=True,
)
class Jordan(GatedCell):
    """Jordan's recurrent network; the state is the output y.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the hidden layer h, which no step hands on.
        output_size: O, the width of the output and the state; None: H.
        nonlinearity: phi, of the hidden layer: "tanh", "sigmoid" or "relu".
        output_nonlinearity: psi, of the output: "tanh", "sigmoid" or "identity".
        bias: whether there are biases, b (``bias_ih``), b' and b_y.
        recurrent_bias: with ``bias``, whether there are b' and b_y.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I). U and V are ``weight_hh_0`` (H, O) and
            ``weight_hh_1`` (O, H), b' and b_y ``bias_hh_0`` (H,) and ``bias_hh_1`` (O,); where O = H, ``weight_hh``
            (2H, H) and ``bias_hh`` (2H,) hold them in that order.

    Raises:
        ValueError: a size below 1.
        UnknownName: a nonlinearity that is not among its choices.
    """

    states = ("y",)
    output = "y"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        output_size: int | None = None,
        nonlinearity: str = "tanh",
        output_nonlinearity: str = "tanh",
        **common: Any,
    ) -> None:
        width = hidden_size if output_size is None else output_size
        check_sizes(output_size=width)
        phi = chosen(nonlinearity, ("relu", "sigmoid", "tanh"))
        psi = chosen(output_nonlinearity, ("identity", "sigmoid", "tanh"), "output_nonlinearity")
        self.nonlinearity, self.output_nonlinearity = nonlinearity, output_nonlinearity
        self.sizes = {"y": width}
        self.stages = (
            Stage("y", 1, 1, partial(_hidden, function=phi), (), ("h",), summed=True),
            Stage("h", 0, 1, partial(_output, function=psi), (), ("y",), size=width),
        )
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        shown: dict[str, Any] = {"output_size": (self.output_size, self.hidden_size)}
        shown |= {name: (getattr(self, name), "tanh") for name in ("nonlinearity", "output_nonlinearity")}
        given = [f", {name}={value!r}" for name, (value, usual) in shown.items() if value != usual]
        return super().extra_repr() + "".join(given)
