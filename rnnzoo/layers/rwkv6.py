"""RWKV-6 (Finch): RWKV-5 whose decays and token shifts depend on the input.

z_t = x_t + mu_x * (x_{t-1} - x_t)
x^j_t = x_t + (mu_j + M_j tanh(L_j z_t)) * (x_{t-1} - x_t)  j = w, k, v, r, g; L_j, M_j of rank R
r_t, k_t, v_t, g_t = W x^j_t                                (K,), (K,), (V,), (V,) in each of N heads
w_t = exp(-exp(time_decay + D_2 tanh(D_1 x^w_t)))           (K,)
y_t = S_{t-1} r_t + (r_t . (u * k_t)) v_t
S_t = S_{t-1} diag(w_t) + v_t k_t^T
o_t = O [norm(y_t) * silu(g_t)]                             norm: each head to mean 0, variance 1, weight and bias

Source: Peng et al., "Eagle and Finch: RWKV with Matrix-Valued States and Dynamic Recurrence", 2024, arXiv 2404.05892,
section 4.2; initialisation as in the authors' RWKV-v5/src/model.py (x060).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._products import product
from rnnzoo.layers._rwkv import RWKVCell, along
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "rwkv6",
    class_name="RWKV6",
    paper=Paper(
        "Eagle and Finch: RWKV with Matrix-Valued States and Dynamic Recurrence",
        "Bo Peng, Daniel Goldstein, Quentin Anthony, Alon Albalak, Eric Alcaide, Stella Biderman, Eugene Cheah, et al.",
        2024,
        "https://arxiv.org/abs/2404.05892",
    ),
    kind="matrix",
    description="RWKV-5 whose decays and token shifts the input chooses",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3, "mix_rank": 2, "decay_rank": 2},
    oracle="tests/oracles/rwkv6.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class RWKV6(RWKVCell):
    """RWKV-6's time mixing. Channel mixing, the norms and the residuals belong to the block around it.

    Parameters: ``time_mix`` (6, I), mu of x, w, k, v, r, then g; ``mix_down`` (5R, I), L of w, k, v, r, then g, and
    ``mix_up`` (5, I, R), M; ``weight_ih``, the rows of r, k, v, then g; ``decay_down`` (D, I), ``decay_up`` (N K, D)
    and ``time_decay`` (N K,); ``time_first`` (N, K); ``norm_weight`` and ``norm_bias`` (N V,); ``out_weight`` (H, N V).
    All but ``weight_ih`` and ``out_weight`` do not decay. The state is S (N, V, K) and the step before, (1, I).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size, value_size: K and V; ``None`` is H / N.
        mix_rank: R, of the token shifts' dependence on the input.
        decay_rank: D, of the decays'.
        layer_index, num_layers: the layer's place in its stack, from 0, and the stack's depth, on which the
            initialisation depends.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: the equations have none; taken because every layer takes it, without effect.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, a place that is not in the stack, heads that do not divide H, or an impossible
            chunk size.
    """

    gate_names = ("decay", "output")
    mix_down: nn.Parameter
    mix_up: nn.Parameter
    decay_down: nn.Parameter
    decay_up: nn.Parameter
    time_decay: nn.Parameter
    time_first: nn.Parameter

    def __init__(
        self, input_size: int, hidden_size: int, *, mix_rank: int = 32, decay_rank: int = 64, **common: Any
    ) -> None:
        check_sizes(mix_rank=mix_rank, decay_rank=decay_rank)
        self.mix_rank, self.decay_rank = mix_rank, decay_rank
        super().__init__(input_size, hidden_size, **common)

    def widths(self) -> tuple[int, ...]:
        """Of r, k, v and g."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V, N * V

    def further(self) -> dict[str, tuple[int, ...]]:
        """The mixes, decays, the bonus and the norm."""
        I, R, D, keys = self.input_size, self.mix_rank, self.decay_rank, self.num_heads * self.key_size
        mixes = {"time_mix": (6, I), "mix_down": (5 * R, I), "mix_up": (5, I, R)}
        decays = {"decay_down": (D, I), "decay_up": (keys, D), "time_decay": (keys,)}
        return {**mixes, **decays, "time_first": (self.num_heads, self.key_size), **self.norms()}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """As RWKV-5, and nothing depends on the input yet: one of each two factors is zero."""
        keys, depth, above = along(self.num_heads * self.key_size), self.depth, self.above
        self.draw((1.0, 0.1, 1.0, 0.1))
        self.draw_mixes((above, above, above, above, 0.5 * above, 0.5 * above))
        self.time_mix[3] -= 0.3 * depth
        for zero, small in ((self.mix_down, self.mix_up), (self.decay_down, self.decay_up)):
            nn.init.zeros_(zero)
            nn.init.uniform_(small, -0.01, 0.01)
        self.time_decay.copy_(-6 + 5 * keys ** (0.7 + 1.3 * depth))
        zigzag = ((torch.arange(len(keys)) + 1) % 3 - 1) * 0.1
        self.time_first.copy_((depth * (1 - keys) + zigzag).view_as(self.time_first))

    def gates(self, seen: Tensor) -> tuple[Tensor, ...]:
        """w (B, T, N K), silu(g) (B, T, N V); log w, r, k and v (B, T, N, width)."""
        now, change = self.shifted(seen)
        chosen = torch.tanh(product(now + change * self.time_mix[0], self.mix_down)).chunk(5, -1)
        mixes = (mu + product(low, up) for mu, low, up in zip(self.time_mix[1:], chosen, self.mix_up, strict=True))
        w, k, v, r, g = (now + change * mix for mix in mixes)
        R, K, V, G = self.weight_ih.split(self.widths())
        r, k, v, g = product(r, R), product(k, K), product(v, V), product(g, G)
        decay = self.time_decay + product(torch.tanh(product(w, self.decay_down)), self.decay_up)
        fading = -torch.exp(decay)
        return torch.exp(fading), silu(g), *(self.heads(part) for part in (fading, r, k, v))

    def memory(self, w: Tensor, g: Tensor, fading: Tensor, r: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
        """Decays by channel, and the bonus."""
        return {"q": r, "k": k, "v": v, "log_decay": fading, "bonus": self.time_first}

    def readout(self, y: Tensor, w: Tensor, g: Tensor, *rest: Tensor) -> Tensor:
        """O [norm(y) * silu(g)] (B, T, H)."""
        return self.project_out(self.normed(y) * g)
