"""The strongly typed LSTM: gates and candidate look at this input and the one before, and at no state.

z_t = V_z x_{t-1} + W_z x_t + b_z
f_t = sigmoid(V_f x_{t-1} + W_f x_t + b_f)
o_t = tanh(V_o x_{t-1} + W_o x_t + b_o)
c_t = f_t * c_{t-1} + (1 - f_t) * z_t
h_t = c_t * o_t

Source: Balduzzi, Ghifary, "Strongly-Typed Recurrent Neural Networks", ICML 2016, arXiv 1602.02218, section 3 (T-LSTM).
"""

from __future__ import annotations

from torch import Tensor

from rnnzoo.layers._typed import PAPER, TypedCell
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "tlstm",
    class_name="TLSTM",
    paper=PAPER,
    kind="scan",
    description="strongly typed LSTM: a typed average over time, read through a gate of the last two inputs",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/tlstm.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class TLSTM(TypedCell):
    """Strongly typed long short-term memory. Its state is c (B, H) and the last input (B, 1, I).

    torchrecurrent's TLSTM computes the same, step by step, with two biases where one is enough.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there is a bias.
        device, dtype: of the parameters: ``weight_ih`` (3H, I, 2) holds the blocks z, f, o, V (of x_{t-1}) in its first
            tap and W (of x_t) in its second; ``bias_ih`` (3H,) likewise.

    Raises:
        ValueError: a size below 1.
    """

    states = ("c",)

    def coefficients(self, z: Tensor, f: Tensor, o: Tensor) -> tuple[Tensor, Tensor]:
        """a = f and b = (1 - f) * z."""
        return f, (1 - f) * z

    def readout(self, c: Tensor, z: Tensor, f: Tensor, o: Tensor) -> Tensor:
        """h = c * o."""
        return c * o
