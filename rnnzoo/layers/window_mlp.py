"""A perceptron over the last w steps: the baseline that remembers what is in its window and nothing else.

a_t = phi(W [x_{t-w+1}; ...; x_t] + b)       (F,), zeros before the first step
y_t = V a_t + c                              (H,)

The state is the last w - 1 inputs. In the terms of time series it is a (nonlinear) autoregressive model of order w.

Source: Waibel, Hanazawa, Hinton, Shikano, Lang, "Phoneme Recognition Using Time-Delay Neural Networks", IEEE
Transactions on Acoustics, Speech, and Signal Processing 37(3), 1989: one layer of delays.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._products import product
from rnnzoo.layers._windowed import WindowedCell
from rnnzoo.ops.gated_mlp import mlp_width
from rnnzoo.ops.window import causal_convolution, extend
from rnnzoo.registry import LAYERS, unknown

NONLINEARITIES: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu, "tanh": F.tanh}


@LAYERS.register(
    "window_mlp",
    class_name="WindowMLP",
    paper=Paper(
        "Phoneme Recognition Using Time-Delay Neural Networks",
        "Alexander Waibel, Toshiyuki Hanazawa, Geoffrey Hinton, Kiyohiro Shikano, Kevin J. Lang",
        1989,
        "https://doi.org/10.1109/29.21701",
    ),
    kind="other",
    description="perceptron over the last steps, without any memory besides: a baseline",
    tiny={"input_size": 3, "hidden_size": 4, "window": 5},
    oracle="tests/oracles/window_mlp.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class WindowMLP(WindowedCell):
    """Perceptron over a window.

    Parameters: ``weight_ih`` W (F, I, w), the last tap the step's own, ``bias_ih`` (F,), ``out_weight`` V (H, F) and
    ``out_bias`` (H,).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        window: w, how many steps a step sees, its own the last.
        expansion: F / H; F is rounded up to a whole number.
        nonlinearity: phi, "gelu", "relu" or "tanh".
        bias: whether there are biases.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, or an expansion that is not above 0.
        UnknownName: another nonlinearity.
    """

    states = ("past",)
    bound = MappingProxyType({"past": "it is the last steps of the input, which are what they were"})
    weight_ih: nn.Parameter
    bias_ih: nn.Parameter
    out_weight: nn.Parameter
    out_bias: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        window: int = 16,
        expansion: float = 2,
        nonlinearity: Literal["gelu", "relu", "tanh"] = "gelu",
        **common: Any,
    ) -> None:
        if nonlinearity not in NONLINEARITIES:
            raise unknown("nonlinearity", nonlinearity, NONLINEARITIES)
        self.nonlinearity, self.F = nonlinearity, mlp_width(hidden_size, expansion)
        super().__init__(input_size, hidden_size, window=window, tails=(input_size,), **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of both products."""
        H, F = self.hidden_size, self.F
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (F, self.input_size, self.window), "out_weight": (H, F)}
        return shapes | ({"bias_ih": (F,), "out_bias": (H,)} if self.bias else {})

    def reset_parameters(self) -> None:
        """As torch's linear of all the window; biases zero."""
        super().reset_parameters()
        bound = (self.input_size * self.window) ** -0.5
        nn.init.uniform_(self.weight_ih, -bound, bound)

    def run(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """As the base's."""
        seen, after = extend(x, state[0], lengths)  # (B, w - 1 + T, I)
        hidden, out = (self.bias_ih, self.out_bias) if self.bias else (None, None)
        a = NONLINEARITIES[self.nonlinearity](causal_convolution(seen, self.weight_ih, hidden))  # (B, T, F)
        return product(a, self.out_weight, out), (after,)

    def extra_repr(self) -> str:
        """The sizes, the window and the nonlinearity."""
        return super().extra_repr() + f", nonlinearity='{self.nonlinearity}'"
