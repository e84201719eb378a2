"""The shallow piecewise-linear network: a diagonal memory and one hidden layer of ReLUs.

z_t = A z_{t-1} + W_1 relu(W_2 z_{t-1} + h_2) + h_1 + C s_t                        A diagonal, s the input
clipped=True:  ... + W_1 (relu(W_2 z_{t-1} + h_2) - relu(W_2 z_{t-1})) + ...       bounded where every |A_ii| < 1

Source: Hess, Monfared, Brenner, Durstewitz, "Generalized Teacher Forcing for Learning Chaotic Dynamics", ICML 2023,
arXiv 2306.04406, and the authors' code (DurstewitzLab/GTF-shPLRNN, src/models/shallow_plrnn.jl). It grew out of the
PLRNN of Durstewitz (2017), z_t = A z_{t-1} + W relu(z_{t-1}) + h + C s_t.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _inner(_: None, u: Tensor, threshold: Tensor) -> tuple[Tensor]:
    return (torch.relu(u[..., 0, :] + threshold),)  # (..., L)


def _clipped(_: None, u: Tensor, threshold: Tensor) -> tuple[Tensor]:
    u = u[..., 0, :]  # (..., L)
    return (torch.relu(u + threshold) - torch.relu(u),)


def _memory(s: Tensor, _: None, z: Tensor, a: Tensor) -> tuple[Tensor]:
    return (a * z + s[..., 0, :],)  # (..., H)


@LAYERS.register(
    "shplrnn",
    class_name="ShPLRNN",
    paper=Paper(
        "Generalized Teacher Forcing for Learning Chaotic Dynamics",
        "Florian Hess, Zahra Monfared, Manuel Brenner, Daniel Durstewitz",
        2023,
        "https://arxiv.org/abs/2306.04406",
    ),
    kind="gated",
    description="shallow piecewise-linear network: a diagonal memory and a hidden layer of ReLUs",
    tiny={"input_size": 3, "hidden_size": 4, "inner_size": 6},
    oracle="tests/oracles/shplrnn.py",
    exportable=True,
    double_backward=True,
)
class ShPLRNN(OneBiasCell):
    """Shallow piecewise-linear recurrent network (shPLRNN).

    Args:
        input_size: I, the width of the input s.
        hidden_size: H, the width of the state z and of the output.
        inner_size: L, the width of the hidden layer, which the paper has wider than the state; None: 2H.
        clipped: whether to use the form whose orbits are bounded where every |A_ii| < 1.
        bias: whether there is h_1 (``bias_ih``, (H,)); h_2 is ``threshold`` (L,).
        device, dtype: of the parameters; C is ``weight_ih`` (H, I), W_2 ``weight_hh_0`` (L, H), W_1 ``weight_hh_1``
            (H, L), the diagonal of A ``a`` (H,).

    Raises:
        ValueError: a size below 1.
    """

    vectors = ("a", "threshold")
    a: nn.Parameter
    threshold: nn.Parameter
    weight_hh_0: nn.Parameter
    weight_hh_1: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        inner_size: int | None = None,
        clipped: bool = False,
        **common: Any,
    ) -> None:
        check_sizes(hidden_size=hidden_size)
        self.inner_size, self.clipped = inner_size, clipped
        L = 2 * hidden_size if inner_size is None else inner_size
        check_sizes(inner_size=L)
        self.sizes = {"inner": L, "threshold": L}
        self.stages = (
            Stage("h", 0, 1, _clipped if clipped else _inner, ("threshold",), ("inner",), size=L),
            Stage("inner", 1, 1, _memory, ("h", "a"), ("h",), summed=True),
        )
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """As `GatedCell`, the two recurrent matrices apart even where they have one width."""
        H, L = self.hidden_size, self.sizes["inner"]
        shapes = {name: shape for name, shape in super().parameter_shapes().items() if "_hh" not in name}
        return shapes | {"weight_hh_0": (L, H), "weight_hh_1": (H, L)}

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """W_2 and W_1."""
        return [self.weight_hh_0, self.weight_hh_1], [None, None]

    def reset_parameters(self) -> None:
        """The authors': matrices uniform in +-1/sqrt(their columns), A the diagonal of a normalised R^T R / H + I.

        The diagonal's R is normal; h_1 is 0, and so is h_2 except in the clipped form, where 0 would leave nothing.
        """
        for name, parameter in self.named_parameters():
            if name.startswith("weight"):
                bound = parameter.shape[1] ** -0.5
                nn.init.uniform_(parameter, -bound, bound)
            elif name in ("bias_ih", "threshold"):
                nn.init.zeros_(parameter)
        if self.clipped:
            bound = len(self.threshold) ** -0.5
            nn.init.uniform_(self.threshold, -bound, bound)
        normal = torch.randn(self.hidden_size, self.hidden_size)
        positive = normal.t() @ normal / self.hidden_size + torch.eye(self.hidden_size)
        with torch.no_grad():
            self.a.copy_((positive / torch.linalg.eigvalsh(positive)[-1]).diagonal())
