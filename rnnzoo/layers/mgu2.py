"""MGU2: the minimal gated unit whose gate sees the state alone.

f = sigmoid(U_f h_{t-1})
n = tanh(W x_t + b + U (f * h_{t-1}) + b')
h_t = (1 - f) * h_{t-1} + f * n

Source: Heck, Salem, "Simplified Minimal Gated Unit Variations for Recurrent Neural Networks", 2017, arXiv 1701.03452.
"""

from __future__ import annotations

from rnnzoo.layers._mgu import VARIATIONS, StateGatedMGU
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "mgu2",
    class_name="MGU2",
    paper=VARIATIONS,
    kind="gated",
    description="minimal gated unit whose gate sees the state alone",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/mgu2.py",
    exportable=True,
    double_backward=True,
)
class MGU2(StateGatedMGU):
    """Minimal gated unit, variant 2.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether the candidate has biases, b (``bias_ih``) and b' (``bias_hh``), (H,) each.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), U_f and U are ``weight_hh`` (2H, H).

    Raises:
        ValueError: a size below 1.
    """
