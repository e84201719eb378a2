"""The exponential RNN: a simple recurrent network whose recurrent matrix is orthogonal, whatever its parameters.

U = exp(A),  A = S - S^T                                S is zero on and below its diagonal; S is learned
h_t = modReLU(W x_t + b + U h_{t-1})                    modReLU(z) = sign(z) max(0, |z| + c), c is learned

Source: Lezcano-Casado, Martínez-Rubio, "Cheap Orthogonal Constraints in Neural Networks: A Simple Parametrization of
the Orthogonal and Unitary Group", 2019, arXiv 1901.08428; how it begins as in the authors' code (Lezcano/expRNN).
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._modrelu import modrelu
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown

INITS = ("cayley", "henaff")


def _update(z: Tensor, _: None, c: Tensor) -> tuple[Tensor]:
    return (modrelu(z[..., 0, :], c),)


@LAYERS.register(
    "exprnn",
    class_name="ExpRNN",
    paper=Paper(
        "Cheap Orthogonal Constraints in Neural Networks: A Simple Parametrization of the Orthogonal and Unitary Group",
        "Mario Lezcano-Casado, David Martínez-Rubio",
        2019,
        "https://arxiv.org/abs/1901.08428",
    ),
    kind="gated",
    description="simple recurrent network whose recurrent matrix is the exponential of an antisymmetric one",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/exprnn.py",
    exportable=True,
    double_backward=True,
)
class ExpRNN(OneBiasCell):
    """Exponential RNN: U is orthogonal, with determinant 1, so that without c and input the state keeps its length.

    U is worked out once a call, in double precision. An ordinary optimiser trains S; the authors give it a learning
    rate of a tenth of the others'.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        init: how U begins, H / 2 turns of planes: "henaff", by angles uniform in (-pi, pi); "cayley", by the angles
            -tan(u / 2), u uniform in (0, pi / 2).
        bias: whether there is b (``bias_ih``).
        device, dtype: of the parameters; W is ``weight_ih`` (H, I), ``skew`` (H (H - 1) / 2,) holds S above its
            diagonal row by row, c is ``modrelu_bias`` (H,).

    Raises:
        ValueError: a size below 1.
        UnknownName: no such init.
    """

    skew: nn.Parameter
    modrelu_bias: nn.Parameter
    vectors = ("modrelu_bias",)
    stages = (Stage("h", 1, 1, _update, ("modrelu_bias",), ("h",), summed=True),)

    def __init__(
        self, input_size: int, hidden_size: int, *, init: Literal["cayley", "henaff"] = "cayley", **common: Any
    ) -> None:
        if init not in INITS:
            raise unknown("init", init, INITS)
        self.init = init
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As `GatedCell`, with S in place of the recurrent weight."""
        shapes = super().parameter_shapes()
        del shapes["weight_hh"]
        return shapes | {"skew": (self.hidden_size * (self.hidden_size - 1) // 2,)}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """S as ``init`` says; W normal of variance 2 / I; c uniform within 0.01; b zero."""
        H = self.hidden_size
        angles = torch.empty(H // 2, dtype=self.skew.dtype, device=self.skew.device)
        if self.init == "henaff":
            angles.uniform_(-math.pi, math.pi)
        else:
            angles.uniform_(0, math.pi / 2).div_(2).tan_().neg_()
        S = self.skew.new_zeros(H, H)
        S[range(0, H - 1, 2), range(1, H, 2)] = angles
        rows, columns = torch.triu_indices(H, H, 1, device=S.device)
        self.skew.copy_(S[rows, columns])
        nn.init.kaiming_normal_(self.weight_ih, nonlinearity="relu")
        nn.init.uniform_(self.modrelu_bias, -0.01, 0.01)
        if self.bias_ih is not None:
            nn.init.zeros_(self.bias_ih)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """U (H, H)."""
        rows, columns = torch.triu_indices(self.hidden_size, self.hidden_size, 1, device=self.skew.device)
        S = self.skew.new_zeros(self.hidden_size, self.hidden_size, dtype=torch.float64)
        S = S.index_put((rows, columns), self.skew.double())
        return [torch.matrix_exp(S - S.t()).to(self.skew.dtype)], [None]
