"""The strongly typed RNN: no weight touches the state, which averages the features W x over a learned time.

z_t = W x_t
f_t = sigmoid(V x_t + b)
h_t = f_t * h_{t-1} + (1 - f_t) * z_t

Source: Balduzzi, Ghifary, "Strongly-Typed Recurrent Neural Networks", ICML 2016, arXiv 1602.02218, section 3 (T-RNN).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnnzoo.layers._scan import ScanCell
from rnnzoo.layers._typed import PAPER
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "trnn",
    class_name="TRNN",
    paper=PAPER,
    kind="scan",
    description="strongly typed RNN: averages features of the input over time, by a forget gate of the input",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/trnn.py",
    parallel=True,
    exportable=True,
    double_backward=True,
    differs="torchrecurrent gives z a bias, which the paper has not: tests/peers/test_typed_vs_torchrecurrent.py",
)
class TRNN(ScanCell):
    """Strongly typed recurrent neural network.

    torchrecurrent's TRNN also has a bias in z; with that bias at zero it is the same.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether the forget gate has a bias.
        device, dtype: of the parameters: ``weight_ih`` (2H, I) holds W (of z), then V (of f); ``bias_ih`` (H,) is b.

    Raises:
        ValueError: a size below 1.
    """

    blocks = 2
    gate_names = ("candidate", "forget")

    def __init__(self, input_size: int, hidden_size: int, **common: Any) -> None:
        self.shapes = {"bias_ih": (hidden_size,)}
        super().__init__(input_size, hidden_size, **common)

    def input_bias(self) -> Tensor | None:
        """Zeros for z, then b (2H,)."""
        return None if self.bias_ih is None else torch.cat((torch.zeros_like(self.bias_ih), self.bias_ih))

    def activate(self, z: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
        """z and f, each (..., H), of the products (..., H)."""
        return z, torch.sigmoid(f)

    def coefficients(self, z: Tensor, f: Tensor) -> tuple[Tensor, Tensor]:
        """a = f and b = (1 - f) * z."""
        return f, (1 - f) * z
