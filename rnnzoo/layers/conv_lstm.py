"""The convolutional LSTM: state and input are pictures, and the products of an LSTM are convolutions.

i = sigmoid(W_i * X_t + b_i + U_i * H_{t-1} + P_i . C_{t-1})         * convolves, . goes number by number
f = sigmoid(W_f * X_t + b_f + U_f * H_{t-1} + P_f . C_{t-1})
g = tanh(W_g * X_t + b_g + U_g * H_{t-1})
C_t = f . C_{t-1} + i . g
o = sigmoid(W_o * X_t + b_o + U_o * H_{t-1} + P_o . C_t)             of the new cell
H_t = o . tanh(C_t)

Beyond its edges a picture is zero, so that all pictures have one size.

Source: Shi, Chen, Wang, Yeung, Wong, Woo, "Convolutional LSTM Network: A Machine Learning Approach for Precipitation
Nowcasting", NeurIPS 2015, arXiv 1506.04214, equation 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._stepped import SteppedCell
from rnnzoo.registry import LAYERS

PEEPHOLES = ("p_i", "p_f", "p_o")


@LAYERS.register(
    "conv_lstm",
    class_name="ConvLSTM",
    paper=Paper(
        "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting",
        "Xingjian Shi, Zhourong Chen, Hao Wang, Dit-Yan Yeung, Wai-kin Wong, Wang-chun Woo",
        2015,
        "https://arxiv.org/abs/1506.04214",
    ),
    kind="other",
    description="LSTM over pictures: its products are convolutions, its peepholes have a weight for every pixel",
    tiny={"input_size": 6, "hidden_size": 12, "height": 3, "width": 2},
    oracle="tests/oracles/conv_lstm.py",
    exportable=True,
    double_backward=True,
)
class ConvLSTM(SteppedCell):
    """Convolutional LSTM; the states are h and c.

    Pictures go in and out as rows of numbers, channel by channel and line by line: x (B, T, I) is what
    ``frames.flatten(2)`` gives of frames (B, T, channels, height, width), and ``y.unflatten(2, (-1, height, width))``
    are pictures again. The outputs of two directions, side by side, are pictures of twice the channels. Where height
    and width are 1 it is the LSTM with peepholes.

    Args:
        input_size: I, the numbers of an input picture: channels * height * width.
        hidden_size: H, the numbers of h, of c and of the output: K channels * height * width.
        height, width: of the pictures.
        kernel_size: of all filters, odd, one number or two (along the height, along the width). Taps that would only
            ever see what is beyond the edges are left out: along an axis of n pixels there are 2n - 1 at most.
        bias: whether there is a bias b (``bias_ih``).
        device, dtype: of the parameters; ``weight_ih`` (4K, channels, kernel), ``weight_hh`` (4K, K, kernel) and
            ``bias_ih`` (4K,) hold i, f, g, o; the peepholes are ``p_i``, ``p_f``, ``p_o`` (K, height, width).

    Raises:
        ValueError: a size below 1, a kernel of an even size; I or H that is not so many whole channels.
    """

    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias_ih: nn.Parameter
    p_i: nn.Parameter
    p_f: nn.Parameter
    p_o: nn.Parameter
    states = ("h", "c")
    gate_names = ("input", "forget", "candidate", "output")

    def __init__(
        self, input_size: int, hidden_size: int, *, height: int = 1, width: int = 1,
        kernel_size: int | tuple[int, int] = 3, **common: Any,
    ) -> None:  # fmt: skip
        check_sizes(input_size=input_size, hidden_size=hidden_size, height=height, width=width)
        for name, size in {"input_size": input_size, "hidden_size": hidden_size}.items():
            if size % (height * width):
                raise ValueError(
                    f"{name} is {size} and pictures are {height} x {width}; expected whole channels, a multiple of "
                    f"{height * width}."
                )
        self.height, self.width, self.kernel_size = height, width, kernel_size
        kernel = _checked(kernel_size)
        self._kernel = (min(kernel[0], 2 * height - 1), min(kernel[1], 2 * width - 1))
        self._padding = (self._kernel[0] // 2, self._kernel[1] // 2)
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The filters, their biases and the peepholes."""
        pixels = self.height * self.width
        K = self.hidden_size // pixels
        shapes = {
            "weight_ih": (4 * K, self.input_size // pixels, *self._kernel), "weight_hh": (4 * K, K, *self._kernel)
        }  # fmt: skip
        return (
            shapes
            | ({"bias_ih": (4 * K,)} if self.bias else {})
            | dict.fromkeys(PEEPHOLES, (K, self.height, self.width))
        )

    def reset_parameters(self) -> None:
        """Draw every parameter uniformly from +-1/sqrt(the numbers that a pixel of U * H is a sum of)."""
        bound = self.weight_hh[0].numel() ** -0.5
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def hoist(self, x: Tensor) -> Sequence[Tensor]:
        """The inputs' convolutions with all filters, (B, T, 4K, height, width)."""
        frames = x.unflatten(-1, (-1, self.height, self.width)).flatten(0, 1)  # (B T, channels, height, width)
        made = conv2d(frames, self.weight_ih, self.bias_ih if self.bias else None, padding=self._padding)
        return (made.unflatten(0, x.shape[:2]),)

    def gates(self, now: tuple[Tensor, ...], state: State, _: tuple[Any, ...]) -> tuple[Tensor, ...]:
        """i, f, g and o (B, H), and the new cell, which o looks at."""
        h, c = (member.unflatten(-1, (-1, self.height, self.width)) for member in state)  # (B, K, height, width)
        i, f, g, o = (now[0] + conv2d(h, self.weight_hh, padding=self._padding)).chunk(4, 1)
        i, f, g = torch.sigmoid(i + self.p_i * c), torch.sigmoid(f + self.p_f * c), torch.tanh(g)
        c = f * c + i * g
        return i.flatten(1), f.flatten(1), g.flatten(1), torch.sigmoid(o + self.p_o * c).flatten(1), c.flatten(1)

    def advance(self, now: tuple[Tensor, ...], state: State, prepared: tuple[Any, ...]) -> tuple[Tensor, State]:
        """The output and the state after a step."""
        *_, o, c = self.gates(now, state, prepared)
        h = o * torch.tanh(c)
        return h, (h, c)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        usual = {"height": 1, "width": 1, "kernel_size": 3}
        given = {name: getattr(self, name) for name in usual}
        return super().extra_repr() + "".join(f", {n}={given[n]}" for n in usual if given[n] != usual[n])


def _checked(kernel_size: Any) -> tuple[int, int]:
    """Both sizes of the filters.

    Raises:
        ValueError: they are not odd numbers from 1.
    """
    given = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    if isinstance(given, (tuple, list)) and len(given) == 2 and not isinstance(kernel_size, bool):
        rows, columns = given
        if all(isinstance(size, int) and size > 0 and size % 2 for size in given):
            return rows, columns
    raise ValueError(f"kernel_size is {kernel_size!r}; expected an odd number from 1, or two of them.")
