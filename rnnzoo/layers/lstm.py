"""Long short-term memory, with the forget gate.

i, f, o = sigmoid(W x_t + b + U h_{t-1} + b')      each with weights of its own
g = tanh(W x_t + b + U h_{t-1} + b')
c_t = f * c_{t-1} + i * g
h_t = o * tanh(c_t)                                proj_size=P: h_t = R (o * tanh(c_t)), of width P

Source: Hochreiter, Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997; the forget gate is from Gers,
Schmidhuber, Cummins, "Learning to Forget", 2000; the projection from Sak, Senior, Beaufays, arXiv 1402.1128.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

GATES = ("input", "forget", "candidate", "output")


def _gates(a: Tensor, *_: Any) -> tuple[Tensor, ...]:
    i, f, g, o = a.unbind(-2)  # (..., H) each
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def _update(a: Tensor, _: None, c: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = _gates(a)
    c = f * c + i * g
    return o * torch.tanh(c), c


def _project(_: None, u: Tensor) -> tuple[Tensor]:
    return (u[..., 0, :],)


@LAYERS.register(
    "lstm",
    class_name="LSTM",
    paper=Paper(
        "Long Short-Term Memory",
        "Sepp Hochreiter, Jürgen Schmidhuber",
        1997,
        "https://doi.org/10.1162/neco.1997.9.8.1735",
    ),
    kind="gated",
    description="long short-term memory: a cell behind input, forget and output gates",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="torch.nn.LSTM",
    exportable=True,
    double_backward=True,
    projection=True,
)
class LSTM(GatedCell):
    """Long short-term memory; the states are h and c.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of c.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        proj_size: P, the width of h and of the output where a projection R (``weight_hr``, (P, H)) makes them; 0: H.
        device, dtype: of the parameters; ``weight_ih`` (4H, I) and ``weight_hh`` (4H, H or P) hold i, f, g, o.

    Raises:
        ValueError: a size below 1, or ``proj_size`` not from 0 to below H.
    """

    states = ("h", "c")
    stages: tuple[Stage, ...] = (
        Stage("h", 4, 4, _update, ("c",), states, summed=True, gates=_gates, gate_names=GATES),
    )
    native_mode = "lstm"
    forget_block = 1
    """Which of the blocks of H rows is the forget gate's."""

    def __init__(self, input_size: int, hidden_size: int, *, proj_size: int = 0, **common: Any) -> None:
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"proj_size is {proj_size}; expected 0 (none) to below hidden_size = {hidden_size}.")
        self.proj_size = proj_size
        if proj_size:
            self.sizes = {"h": proj_size}
        super().__init__(input_size, hidden_size, **common)
        if proj_size:
            (gates,) = self.stages
            self.stages = (gates._replace(writes=("m", "c")), Stage("m", 0, 1, _project, (), ("h",)))
            self.weight_hr = nn.Parameter(self.weight_hh.new_empty(proj_size, hidden_size))
            self.reset_parameters()

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """Weight and bias of the gates' product, then of the projection where there is one."""
        if not self.proj_size:
            return [self.weight_hh], [self.bias_hh]
        return [self.weight_hh, self.weight_hr], [self.bias_hh, None]

    def native_weights(self) -> list[Tensor]:
        """The parameters in the order of torch's kernel."""
        weights = super().native_weights()
        return [*weights, self.weight_hr] if self.proj_size else weights

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + (f", proj_size={self.proj_size}" if self.proj_size else "")
