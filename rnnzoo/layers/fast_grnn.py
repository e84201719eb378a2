"""FastGRNN: a gated unit whose gate and candidate share their weights and differ in their biases.

a = W x_t + U h_{t-1}
z = sigmoid(a + b_z)
n = tanh(a + b_h)
h_t = (sigmoid(zeta) * (1 - z) + sigmoid(nu)) * n + z * h_{t-1}          two scalars

Source: Kusupati, Singh, Bhatia, Kumar, Jain, Varma, "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated
Recurrent Neural Network", NeurIPS 2018, arXiv 1901.02358; initial values and low ranks as in the authors'
code (microsoft/EdgeML).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._low_rank import LowRankCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

SCALARS, BIASES = ("zeta", "nu"), ("bias_z", "bias_h")


def _gates(a: Tensor, _: None, h: Tensor, zeta: Tensor, nu: Tensor, *biases: Tensor) -> tuple[Tensor, Tensor]:
    a = a[..., 0, :]
    b_z, b_h = biases or (0, 0)
    return torch.sigmoid(a + b_z), torch.tanh(a + b_h)  # (..., H) each


def _update(a: Tensor, _: None, h: Tensor, zeta: Tensor, nu: Tensor, *biases: Tensor) -> tuple[Tensor]:
    z, n = _gates(a, _, h, zeta, nu, *biases)
    return ((zeta * (1 - z) + nu) * n + z * h,)


@LAYERS.register(
    "fast_grnn",
    class_name="FastGRNN",
    paper=Paper(
        "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated Recurrent Neural Network",
        "Aditya Kusupati, Manish Singh, Kush Bhatia, Ashish Kumar, Prateek Jain, Manik Varma",
        2018,
        "https://arxiv.org/abs/1901.02358",
    ),
    kind="gated",
    description="gated unit of kilobytes: gate and candidate share all weights but their biases",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/fast_grnn.py",
    exportable=True,
    double_backward=True,
    differs="torchrecurrent 0.2.5 has tanh for the gate's sigmoid unless told otherwise: "
    "tests/peers/test_classics_vs_torchrecurrent.py",
)
class FastGRNN(LowRankCell):
    """FastGRNN.

    torchrecurrent shares the weights too, but its gate is a tanh unless it is given nonlinearity="sigmoid";
    RecurrentLayers.jl's documentation shows weights of their own for gate and candidate.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        input_rank, recurrent_rank: the ranks of W and of U; None: full.
        bias: whether there are biases, ``bias_z`` and ``bias_h`` (H,), at first 1.
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), U ``weight_hh`` (H, H), at first normal with
            deviation 0.1; ``zeta`` and ``nu`` (1,), at first 1 and -4. Where W has a rank R it is ``weight_ih`` (H, R)
            times ``weight_ih_low`` (R, I), and U likewise ``weight_hh`` (H, R) times ``weight_hh_low`` (R, H).

    Raises:
        ValueError: a size or a rank below 1.
    """

    sizes = MappingProxyType({"zeta": 1, "nu": 1})

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        input_rank: int | None = None,
        recurrent_rank: int | None = None,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.vectors = (*SCALARS, *BIASES) if bias else SCALARS
        reads, names = ("h", *self.vectors), ("update", "candidate")
        self.stages = (Stage("h", 1, 1, _update, reads, ("h",), summed=True, gates=_gates, gate_names=names),)
        ranks = {"input_rank": input_rank, "recurrent_rank": recurrent_rank}
        # the base's biases would add to both sums at once; these are per-channel weights of their own
        super().__init__(input_size, hidden_size, bias=False, device=device, dtype=dtype, **ranks)
        self.bias = bias

    def reset_parameters(self) -> None:
        """Weights normal with deviation 0.1, biases 1, zeta = 1, nu = -4."""
        values = {"zeta": 1.0, "nu": -4.0, "bias_z": 1.0, "bias_h": 1.0}
        for name, parameter in self.named_parameters():
            if name in values:
                nn.init.constant_(parameter, values[name])
            else:
                nn.init.normal_(parameter, std=0.1)

    def vector_weights(self) -> dict[str, Tensor]:
        """The two scalars, between 0 and 1, for every channel, and the biases."""
        scalars = {name: torch.sigmoid(getattr(self, name)).expand(self.hidden_size) for name in SCALARS}
        return scalars | {name: getattr(self, name) for name in self.vectors if name in BIASES}
