"""The simple recurrent network.

h_t = tanh(W x_t + b + U h_{t-1} + b')          nonlinearity="relu": max(0, .) in place of tanh

Source: Elman, "Finding Structure in Time", Cognitive Science 14, 1990.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown


def _tanh(a: Tensor, _: None) -> tuple[Tensor]:
    return (torch.tanh(a[..., 0, :]),)


def _relu(a: Tensor, _: None) -> tuple[Tensor]:
    return (torch.relu(a[..., 0, :]),)


NONLINEARITIES = {"tanh": _tanh, "relu": _relu}


@LAYERS.register(
    "srn",
    class_name="RNN",
    paper=Paper("Finding Structure in Time", "Jeffrey L. Elman", 1990, "https://doi.org/10.1207/s15516709cog1402_1"),
    kind="gated",
    description="simple recurrent network (Elman): the state is a squashed sum of input and last state",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="torch.nn.RNN",
    exportable=True,
    double_backward=True,
)
class SRN(GatedCell):
    """Simple recurrent network, h_t = tanh(W x_t + b + U h_{t-1} + b').

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), U ``weight_hh`` (H, H).

    Raises:
        ValueError: a size below 1.
        UnknownName: a nonlinearity that is neither.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, nonlinearity: Literal["tanh", "relu"] = "tanh", **common: Any
    ) -> None:
        if nonlinearity not in NONLINEARITIES:
            raise unknown("nonlinearity", nonlinearity, NONLINEARITIES)
        self.nonlinearity = nonlinearity
        self.stages = (Stage("h", 1, 1, NONLINEARITIES[nonlinearity], (), ("h",), summed=True),)
        self.native_mode = f"rnn_{nonlinearity}"
        super().__init__(input_size, hidden_size, **common)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity='{self.nonlinearity}'")
