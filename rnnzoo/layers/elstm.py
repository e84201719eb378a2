"""eLSTM: an LSTM with element-wise recurrence, so that each channel of the cell depends on its own past alone.

f = sigmoid(W_f x_t + b_f + w_f * c_{t-1})
z = tanh(W_z x_t + b_z + w_z * c_{t-1})
c_t = f * c_{t-1} + (1 - f) * z
o = sigmoid(W_o x_t + b_o + U c_t + b')        of the new cell
h_t = o * c_t

Source: Irie, Gopalakrishnan, Schmidhuber, "Exploring the Promise and Limits of Real-Time Recurrent Learning", ICLR
2024, arXiv 2305.19044, section 3.1; initial weights from the authors' code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _gates(x: Tensor, _: None, c: Tensor, w_f: Tensor, w_z: Tensor) -> tuple[Tensor, Tensor]:
    f, z = x.unbind(-2)  # (..., H) each
    return torch.sigmoid(torch.addcmul(f, w_f, c)), torch.tanh(torch.addcmul(z, w_z, c))


def _cell(x: Tensor, u: None, c: Tensor, w_f: Tensor, w_z: Tensor) -> tuple[Tensor]:
    f, z = _gates(x, u, c, w_f, w_z)
    return (f * c + (1 - f) * z,)


def _output_gate(a: Tensor, *_: Tensor | None) -> tuple[Tensor]:
    return (torch.sigmoid(a[..., 0, :]),)


def _output(a: Tensor, _: None, c: Tensor) -> tuple[Tensor]:
    (o,) = _output_gate(a)
    return (o * c,)


@LAYERS.register(
    "elstm",
    class_name="eLSTM",
    paper=Paper(
        "Exploring the Promise and Limits of Real-Time Recurrent Learning",
        "Kazuki Irie, Anand Gopalakrishnan, Jürgen Schmidhuber",
        2024,
        "https://arxiv.org/abs/2305.19044",
    ),
    kind="gated",
    description="LSTM with element-wise recurrence, for which real-time recurrent learning is cheap and exact",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/elstm.py",
    exportable=True,
    double_backward=True,
)
class ELSTM(GatedCell):
    """LSTM with element-wise recurrence; the state is c, and the output h is not fed back.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        bias: whether there are biases, b (``bias_ih``) and b' (``bias_hh``).
        recurrent_bias: with ``bias``, whether there is b'.
        device, dtype: of the parameters; ``weight_ih`` (3H, I) and ``bias_ih`` (3H,) hold f, z, o; ``weight_hh`` (H, H)
            is U, ``bias_hh`` (H,) b'; the recurrence has ``w_f``, ``w_z`` (H,).

    Raises:
        ValueError: a size below 1.
    """

    states = ("c",)
    output = "h"
    vectors = ("w_f", "w_z")
    forget_block = 0
    """Which of the blocks of H rows of ``bias_ih`` is the forget gate's."""
    stages = (
        Stage(None, 2, 0, _cell, ("c", *vectors), ("c",), gates=_gates, gate_names=("forget", "candidate")),
        Stage("c", 1, 1, _output, ("c",), ("h",), summed=True, gates=_output_gate, gate_names=("output",)),
    )

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Uniform from +-1/sqrt(H), but what makes f and z: normal with a standard deviation of 0.1."""
        super().reset_parameters()
        for parameter in (self.weight_ih, self.bias_ih):
            if parameter is not None:
                nn.init.normal_(parameter[: 2 * self.hidden_size], std=0.1)
        for name in self.vectors:
            nn.init.normal_(getattr(self, name), std=0.1)
