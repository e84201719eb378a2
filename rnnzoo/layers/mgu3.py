"""MGU3: the minimal gated unit whose gate is a learned constant.

f = sigmoid(b_f)
n = tanh(W x_t + b + U (f * h_{t-1}) + b')
h_t = (1 - f) * h_{t-1} + f * n

Source: Heck, Salem, "Simplified Minimal Gated Unit Variations for Recurrent Neural Networks", 2017, arXiv 1701.03452.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._mgu import VARIATIONS
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gates(a: Tensor, _: None, h: Tensor, b_f: Tensor) -> tuple[Tensor, Tensor]:
    return torch.sigmoid(b_f), torch.tanh(a[..., 0, :])  # (H,), (..., H)


def _update(a: Tensor, _: None, h: Tensor, b_f: Tensor) -> tuple[Tensor]:
    f, n = _gates(a, _, h, b_f)
    return ((1 - f) * h + f * n,)


NAMES = ("forget", "candidate")


@LAYERS.register(
    "mgu3",
    class_name="MGU3",
    paper=VARIATIONS,
    kind="gated",
    description="minimal gated unit whose gate is a learned constant",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/mgu3.py",
    exportable=True,
    double_backward=True,
)
class MGU3(GatedCell):
    """Minimal gated unit, variant 3. U (f * h) is one product with U's columns scaled by f, which no step changes.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether the candidate has biases, b (``bias_ih``) and b' (``bias_hh``), (H,) each; the gate is ``b_f``
            (H,) in any case.
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), U ``weight_hh`` (H, H).

    Raises:
        ValueError: a size below 1.
    """

    b_f: nn.Parameter
    vectors = ("b_f",)
    stages = (Stage("h", 1, 1, _update, ("h", "b_f"), ("h",), summed=True, gates=_gates, gate_names=NAMES),)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """U with its columns scaled by the gate."""
        return [self.weight_hh * torch.sigmoid(self.b_f)], [self.bias_hh]
