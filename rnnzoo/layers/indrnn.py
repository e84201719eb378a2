"""The independently recurrent network: each unit sees of the last state itself alone.

h_t = relu(W x_t + b + u * h_{t-1})             nonlinearity="tanh": tanh in its place
steps=T: u is clipped to +-g^(1/T), so that a gradient over T steps grows to at most g (``max_gradient``)

Source: Li, Li, Cook, Zhu, Gao, "Independently Recurrent Neural Network (IndRNN): Building A Longer and Deeper RNN",
CVPR 2018, arXiv 1803.04831, and the authors' code (Sunnydreamrain/IndRNN_pytorch).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_positive, check_sizes
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown


def _relu(x: Tensor, _: None, h: Tensor, u: Tensor) -> tuple[Tensor]:
    return (torch.relu(torch.addcmul(x[..., 0, :], u, h)),)


def _tanh(x: Tensor, _: None, h: Tensor, u: Tensor) -> tuple[Tensor]:
    return (torch.tanh(torch.addcmul(x[..., 0, :], u, h)),)


NONLINEARITIES = {"relu": _relu, "tanh": _tanh}


@LAYERS.register(
    "indrnn",
    class_name="IndRNN",
    paper=Paper(
        "Independently Recurrent Neural Network (IndRNN): Building A Longer and Deeper RNN",
        "Shuai Li, Wanqing Li, Chris Cook, Ce Zhu, Yanbo Gao",
        2018,
        "https://arxiv.org/abs/1803.04831",
    ),
    kind="elementwise",
    description="independently recurrent network: a unit's recurrence is one weight of its own",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/indrnn.py",
    exportable=True,
    double_backward=True,
)
class IndRNN(OneBiasCell):
    """Independently recurrent network.

    Where every unit is active (ReLU), d h_T / d h_t = u^(T - t).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        nonlinearity: "relu" (the paper's) or "tanh".
        steps: T, the length of the sequences to train on. With it, the recurrence uses u clipped to +-g^(1/T); the
            gradient of u is taken as if it had not been clipped, so that a weight beyond can come back. (The authors
            clip the weights themselves after each update.) None: u as it is.
        max_gradient: g, used with ``steps``.
        bias: whether there is b (``bias_ih``).
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), u ``u`` (H,).

    Raises:
        ValueError: a size or ``steps`` below 1, or ``max_gradient`` not above 0.
        UnknownName: a nonlinearity that is neither.
    """

    vectors = ("u",)
    u: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        nonlinearity: Literal["relu", "tanh"] = "relu",
        steps: int | None = None,
        max_gradient: float = 2.0,
        **common: Any,
    ) -> None:
        if nonlinearity not in NONLINEARITIES:
            raise unknown("nonlinearity", nonlinearity, NONLINEARITIES)
        if steps is not None:
            check_sizes(steps=steps)
        check_positive(max_gradient=max_gradient)
        self.nonlinearity, self.steps, self.max_gradient = nonlinearity, steps, max_gradient
        self.stages = (Stage(None, 1, 0, NONLINEARITIES[nonlinearity], ("h", "u"), ("h",)),)
        super().__init__(input_size, hidden_size, **common)

    @property
    def largest(self) -> float | None:
        """The bound on the recurrent weights, g^(1/T); None without ``steps``."""
        return None if self.steps is None else self.max_gradient ** (1 / self.steps)

    def reset_parameters(self) -> None:
        """u uniform from 0 to 1, or to its bound, as the authors'; W and b as `GatedCell`."""
        super().reset_parameters()
        nn.init.uniform_(self.u, 0, 1 if self.largest is None else self.largest)

    def vector_weights(self) -> dict[str, Tensor]:
        """u, clipped where there is a bound."""
        u, bound = self.u, self.largest
        return {"u": u if bound is None else u + (u.clamp(-bound, bound) - u).detach()}
