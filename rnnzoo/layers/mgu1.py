"""MGU1: the minimal gated unit whose gate sees the state and a bias, and not the input.

f = sigmoid(U_f h_{t-1} + b_f)
n = tanh(W x_t + b + U (f * h_{t-1}) + b')
h_t = (1 - f) * h_{t-1} + f * n

Source: Heck, Salem, "Simplified Minimal Gated Unit Variations for Recurrent Neural Networks", 2017, arXiv 1701.03452.
"""

from __future__ import annotations

from torch import Tensor, nn

from rnnzoo.layers._mgu import VARIATIONS, StateGatedMGU
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "mgu1",
    class_name="MGU1",
    paper=VARIATIONS,
    kind="gated",
    description="minimal gated unit whose gate sees the state and a bias alone",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/mgu1.py",
    exportable=True,
    double_backward=True,
)
class MGU1(StateGatedMGU):
    """Minimal gated unit, variant 1.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, b (``bias_ih``), b' (``bias_hh``) and the gate's, ``b_f``, (H,) each; without
            them it is `MGU2` without biases.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), U_f and U are ``weight_hh`` (2H, H).

    Raises:
        ValueError: a size below 1.
    """

    b_f: nn.Parameter

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As the variants' base, and b_f."""
        return super().parameter_shapes() | ({"b_f": (self.hidden_size,)} if self.bias else {})

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """U_f with b_f, and U with b'."""
        weights, (_, bias) = super().recurrent_weights()
        return weights, [self.b_f if self.bias else None, bias]
