"""What the antisymmetric networks share: their step, their matrix and how their weights begin.

Source: Chang, Chen, Haber, Chi, "AntisymmetricRNN: A Dynamical System View on Recurrent Neural Networks", ICLR 2019,
arXiv 1902.09689.
"""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_between, check_positive
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.layers._skew import skewed
from rnnzoo.ops.gated import Stage

PAPER = Paper(
    "AntisymmetricRNN: A Dynamical System View on Recurrent Neural Networks",
    "Bo Chang, Minmin Chen, Eldad Haber, Ed H. Chi",
    2019,
    "https://arxiv.org/abs/1902.09689",
)


class AntisymmetricCell(OneBiasCell):
    """A network whose recurrent matrix is W - W^T - gamma I, W being ``weight_hh`` (H, H).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        epsilon: the step size. The paper chooses epsilon and gamma by task.
        gamma: the diffusion, 0 or more.
        bias: whether there is a bias (``bias_ih``).
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, epsilon not above 0, or gamma below 0.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, epsilon: float = 0.1, gamma: float = 0.01, **common: Any
    ) -> None:
        check_positive(epsilon=epsilon)
        check_between(0, math.inf, gamma=gamma)
        self.epsilon, self.gamma = epsilon, gamma
        self.stages = (self.euler_stage(epsilon),)
        super().__init__(input_size, hidden_size, **common)

    def euler_stage(self, epsilon: float) -> Stage:
        """The one stage, of a step size."""
        raise NotImplementedError(f"{type(self).__name__} does not declare its stage: override `euler_stage`.")

    def reset_parameters(self) -> None:
        """W normal of variance 1/H, V normal of variance 1/I, the bias zero: the paper's, its sigma_w being 1."""
        nn.init.normal_(self.weight_hh, std=self.hidden_size**-0.5)
        nn.init.normal_(self.weight_ih, std=self.input_size**-0.5)
        if self.bias_ih is not None:
            nn.init.zeros_(self.bias_ih)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """W - W^T - gamma I, made once a call."""
        return [skewed(self.weight_hh, 1.0, self.gamma)], [None]
