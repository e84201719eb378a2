"""The identity recurrent network: rectified units that start as copies of themselves.

h_t = max(0, W x_t + b + U h_{t-1} + b')          at first U = alpha I, b = b' = 0 and W small

Source: Le, Jaitly, Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units", 2015,
arXiv 1504.00941.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers.srn import NONLINEARITIES
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "irnn",
    class_name="IRNN",
    paper=Paper(
        "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units",
        "Quoc V. Le, Navdeep Jaitly, Geoffrey E. Hinton",
        2015,
        "https://arxiv.org/abs/1504.00941",
    ),
    kind="gated",
    description="simple recurrent network of rectified units whose recurrent weight starts as the identity",
    tiny={"input_size": 3, "hidden_size": 6},
    oracle="tests/oracles/irnn.py",
    exportable=True,
    double_backward=True,
)
class IRNN(GatedCell):
    """Identity recurrent network, h_t = max(0, W x_t + b + U h_{t-1} + b'), which starts with U = alpha I.

    Without input it keeps, at first, a state that is not negative for ever, and its gradient too.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        alpha: what U starts as a multiple of the identity with; the paper takes less than 1 (0.01 for speech) where
            long memory is not wanted.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``), which start at zero.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), at first normal with deviation 0.001; U is
            ``weight_hh`` (H, H).

    Raises:
        ValueError: a size below 1.
    """

    stages = (Stage("h", 1, 1, NONLINEARITIES["relu"], (), ("h",), summed=True),)
    native_mode = "rnn_relu"

    def __init__(self, input_size: int, hidden_size: int, *, alpha: float = 1.0, **common: Any) -> None:
        self.alpha = alpha
        super().__init__(input_size, hidden_size, **common)

    def reset_parameters(self) -> None:
        """U = alpha I, zero biases, W normal with deviation 0.001."""
        nn.init.normal_(self.weight_ih, std=0.001)
        nn.init.eye_(self.weight_hh).data.mul_(self.alpha)
        for bias in (self.bias_ih, self.bias_hh):
            if bias is not None:
                nn.init.zeros_(bias)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        return super().extra_repr() + ("" if self.alpha == 1.0 else f", alpha={self.alpha}")
