"""Causal self-attention over a sliding window, several heads, without the norms and residuals of a block around it.

q_t, k_t, v_t = W x_t                                       (N, D) each: N heads of width D = H / N
q_t, k_t <- R_t q_t, R_t k_t                                positions="rotary": R_t turns pairs by t 10000^(-2i/D)
o_t = sum_j softmax_j(q_t . k_j / sqrt(D)) v_j              each head; j from t - w + 1, or the first step, to t
y_t = O o_t + b                                             (H,)

The state is k and v of the last w - 1 steps and how many steps there were: a step takes the same time at any t.

Source: Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762; the window: Beltagy, Peters, Cohan,
"Longformer: The Long-Document Transformer", 2020, arXiv 2004.05150; the positions: Su et al., arXiv 2104.09864.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._products import product
from rnnzoo.layers._windowed import WindowedCell
from rnnzoo.ops.window import extend
from rnnzoo.ops.window_attention import rotate, window_attention
from rnnzoo.registry import LAYERS, unknown

POSITIONS = ("rotary", "none")


@LAYERS.register(
    "window_attention",
    class_name="WindowAttention",
    paper=Paper(
        "Longformer: The Long-Document Transformer",
        "Iz Beltagy, Matthew E. Peters, Arman Cohan",
        2020,
        "https://arxiv.org/abs/2004.05150",
    ),
    kind="other",
    description="causal self-attention over the last steps, whose keys and values are the state: no recurrence",
    tiny={"input_size": 3, "hidden_size": 4, "window": 5, "heads": 2},
    oracle="tests/oracles/window_attention.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class WindowAttention(WindowedCell):
    """Sliding-window self-attention.

    Parameters: ``weight_ih`` (3H, I), q, k, then v; ``out_weight`` (H, H) and ``out_bias`` (H,).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of all heads and of the output.
        window: w, how many steps a step sees, its own the last.
        heads: N, a divisor of H.
        positions: "rotary", for which H / N is to be even, or "none".
        bias: whether the output has a bias.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, or heads that do not fit H.
        UnknownName: other positions.
    """

    states = ("k", "v", "count")
    bound = dict.fromkeys(("k", "v"), "it is what earlier steps left, which is what it was")
    positions_known: tuple[str, ...] = POSITIONS
    weight_ih: nn.Parameter
    out_weight: nn.Parameter
    out_bias: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        window: int = 64,
        heads: int = 1,
        positions: Literal["rotary", "sinusoidal", "none"] = "rotary",
        **common: Any,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size, window=window, heads=heads)
        if hidden_size % heads:
            raise ValueError(f"heads is {heads} and hidden_size is {hidden_size}; expected a divisor of hidden_size.")
        if positions not in self.positions_known:
            raise unknown("kind of positions", positions, self.positions_known)
        if positions == "rotary" and hidden_size // heads % 2:
            raise ValueError(
                f"heads is {heads}, hidden_size is {hidden_size} and positions are 'rotary'; expected an even width of "
                f"each head, not {hidden_size // heads}."
            )
        self.heads, self.positions = heads, positions
        super().__init__(
            input_size, hidden_size, window=window, tails=(hidden_size, hidden_size), counts=True, **common
        )

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of q, k and v together, and of the output."""
        H = self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (3 * H, self.input_size), "out_weight": (H, H)}
        return shapes | ({"out_bias": (H,)} if self.bias else {})

    def run(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """As the base's."""
        return self.attend(x, state, lengths)

    def attend(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """The attention of x (B, T, weight's columns): y (B, T, H), and the state after it."""
        k_before, v_before, count = state
        q, k, v = product(x, self.weight_ih).chunk(3, -1)  # (B, T, H) each
        if self.positions == "rotary":
            position = self.position(x, count)
            q, k = (rotate(self._headed(one), position).flatten(-2) for one in (q, k))
        k, k_after = extend(k, k_before, lengths)
        v, v_after = extend(v, v_before, lengths)
        before = count.clamp(max=self.window - 1)
        o = window_attention(self._headed(q), self._headed(k), self._headed(v), before).flatten(-2)
        y = product(o, self.out_weight, self.out_bias if self.bias else None)
        steps = x.shape[1] if lengths is None else lengths.to(count.device)
        return y, (k_after, v_after, count + steps)

    def position(self, x: Tensor, count: Tensor) -> Tensor:
        """The number of each step of x, (B, T)."""
        return count.unsqueeze(1) + torch.arange(x.shape[1], device=count.device)

    def _headed(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1))  # (B, T, N, D)

    def extra_repr(self) -> str:
        """The sizes, the window and the heads."""
        return super().extra_repr() + f", heads={self.heads}, positions='{self.positions}'"
