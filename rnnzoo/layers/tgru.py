"""The strongly typed GRU: gates and candidate look at this input and the one before, and at no state.

z_t = V_z x_{t-1} + W_z x_t + b_z
f_t = sigmoid(V_f x_{t-1} + W_f x_t + b_f)
o_t = tanh(V_o x_{t-1} + W_o x_t + b_o)
h_t = f_t * h_{t-1} + z_t * o_t

Source: Balduzzi, Ghifary, "Strongly-Typed Recurrent Neural Networks", ICML 2016, arXiv 1602.02218, section 3 (T-GRU).
"""

from __future__ import annotations

from torch import Tensor

from rnnzoo.layers._typed import PAPER, TypedCell
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "tgru",
    class_name="TGRU",
    paper=PAPER,
    kind="scan",
    description="strongly typed GRU: its gates see this input and the one before, its state only a forget gate",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/tgru.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class TGRU(TypedCell):
    """Strongly typed gated recurrent unit. Its state is h (B, H) and the last input (B, 1, I).

    torchrecurrent's TGRU computes the same, step by step, with two biases where one is enough.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there is a bias.
        device, dtype: of the parameters: ``weight_ih`` (3H, I, 2) holds the blocks z, f, o, V (of x_{t-1}) in its first
            tap and W (of x_t) in its second; ``bias_ih`` (3H,) likewise.

    Raises:
        ValueError: a size below 1.
    """

    def coefficients(self, z: Tensor, f: Tensor, o: Tensor) -> tuple[Tensor, Tensor]:
        """a = f and b = z * o."""
        return f, z * o
