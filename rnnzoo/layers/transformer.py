"""A block of a causal Transformer, its cache as the state: the baseline without a recurrence.

u_t = P x_t                                  (H,), where the input is not H wide; else x_t
u_t <- u_t + PE(t)                           positions="sinusoidal", in the first layer: (H,)
a_t = u_t + Attn(N_1(u))_t                   over the last w steps, several heads, as ``window_attention``
y_t = a_t + D (silu(G N_2(a_t)) * U N_2(a_t))          G, U (F, H), D (H, F)

N(a) = g * a / sqrt(mean(a^2) + 1e-6), the root-mean-square norm, g (H,).

Source: Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762; norms before the parts: Xiong et al.,
arXiv 2002.04745; of the root mean square: Zhang, Sennrich, arXiv 1910.07467; the gated MLP: Shazeer, arXiv 2002.05202;
rotary positions: Su et al., arXiv 2104.09864.
"""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._products import product
from rnnzoo.layers.window_attention import WindowAttention
from rnnzoo.ops.gated_mlp import gated_mlp, mlp_width, rms_norm
from rnnzoo.ops.window_attention import sinusoids
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "transformer",
    class_name="Transformer",
    paper=Paper(
        "Attention Is All You Need",
        "Ashish Vaswani, Noam Shazeer, Niki Parmar, Jakob Uszkoreit, Llion Jones, Aidan N. Gomez, Łukasz Kaiser, "
        "Illia Polosukhin",
        2017,
        "https://arxiv.org/abs/1706.03762",
    ),
    kind="other",
    description="causal Transformer block: attention over the last steps and a gated MLP, as a baseline",
    tiny={"input_size": 3, "hidden_size": 4, "window": 5, "heads": 2},
    oracle="tests/oracles/transformer.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class Transformer(WindowAttention):
    """A Transformer block with a cache of ``window`` steps.

    Parameters: ``in_weight`` P (H, I) where I is not H; ``norm_weight``, ``mlp_norm_weight`` (H,); ``weight_ih`` (3H,
    H), ``out_weight`` (H, H) and ``out_bias`` (H,) of the attention; ``up_weight`` (2F, H), G, then U, and
    ``down_weight`` (H, F).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the block.
        window: w, how many steps a step sees, its own the last.
        heads: a divisor of H.
        positions: "rotary", "sinusoidal" or "none".
        expansion: F / H; F is rounded up to a whole number.
        layer_index, num_layers: the place in the stack; a stack tells it.
        bias: whether the attention's output has a bias.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, heads that do not fit H, or an expansion that is not above 0.
        UnknownName: other positions.
    """

    positions_known = ("rotary", "sinusoidal", "none")
    undecayed = ("norm_weight", "mlp_norm_weight")
    in_weight: nn.Parameter
    norm_weight: nn.Parameter
    mlp_norm_weight: nn.Parameter
    up_weight: nn.Parameter
    down_weight: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        window: int = 128,
        heads: int = 1,
        positions: Literal["rotary", "sinusoidal", "none"] = "rotary",
        expansion: float = 8 / 3,
        layer_index: int = 0,
        num_layers: int = 1,
        **common: Any,
    ) -> None:
        self.F, self.layer_index, self.num_layers = mlp_width(hidden_size, expansion), layer_index, num_layers
        super().__init__(input_size, hidden_size, window=window, heads=heads, positions=positions, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the attention, with the block's around it."""
        H, F = self.hidden_size, self.F
        shapes: dict[str, tuple[int, ...]] = {"in_weight": (H, self.input_size)} if self.input_size != H else {}
        shapes |= {"norm_weight": (H,), **super().parameter_shapes(), "weight_ih": (3 * H, H)}
        return shapes | {"mlp_norm_weight": (H,), "up_weight": (2 * F, H), "down_weight": (H, F)}

    def reset_parameters(self) -> None:
        """As the base's; the norms' gains 1."""
        super().reset_parameters()
        for gain in (self.norm_weight, self.mlp_norm_weight):
            nn.init.ones_(gain)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The norms' gains do not decay."""
        return [{"params": [getattr(self, name) for name in self.undecayed], "weight_decay": 0.0}]

    def run(self, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """As the base's."""
        dtype = self.weight_ih.dtype
        u = product(x, self.in_weight) if self.input_size != self.hidden_size else x.to(dtype)
        if self.positions == "sinusoidal" and not self.layer_index:
            u = u + sinusoids(self.position(u, state[2]), self.hidden_size).to(dtype)
        attended, after = self.attend(rms_norm(u, self.norm_weight), state, lengths)
        a = u + attended
        return a + gated_mlp(rms_norm(a, self.mlp_norm_weight), self.up_weight, self.down_weight).to(dtype), after
