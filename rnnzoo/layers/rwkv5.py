"""RWKV-5 (Eagle): RWKV whose state is a matrix in each head, with decays that are learned and fixed.

r_t, k_t, v_t, g_t = W [x_t + mu * (x_{t-1} - x_t)]         each with a mu of its own; (K,), (K,), (V,), (V,) a head
y_t = S_{t-1} r_t + (r_t . (u * k_t)) v_t                   u: the bonus of a step's own pair
S_t = S_{t-1} diag(w) + v_t k_t^T                           w = exp(-exp(time_decay)), (K,) in each of N heads
o_t = O [norm(y_t) * silu(g_t)]                             norm: each head to mean 0, variance 1, weight and bias

Source: Peng et al., "Eagle and Finch: RWKV with Matrix-Valued States and Dynamic Recurrence", 2024, arXiv 2404.05892,
section 4.1; initialisation as in the authors' RWKV-v5/src/model.py (x052).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from rnnzoo.contracts import Paper
from rnnzoo.layers._products import product
from rnnzoo.layers._rwkv import RWKVCell, along
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "rwkv5",
    class_name="RWKV5",
    paper=Paper(
        "Eagle and Finch: RWKV with Matrix-Valued States and Dynamic Recurrence",
        "Bo Peng, Daniel Goldstein, Quentin Anthony, Alon Albalak, Eric Alcaide, Stella Biderman, Eugene Cheah, et al.",
        2024,
        "https://arxiv.org/abs/2404.05892",
    ),
    kind="matrix",
    description="RWKV with a matrix in each head, fixed decays and a bonus for the step's own pair",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3},
    oracle="tests/oracles/rwkv5.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class RWKV5(RWKVCell):
    """RWKV-5's time mixing. Channel mixing, the norms and the residuals belong to the block around it.

    Parameters: ``time_mix`` (4, I), mu of r, k, v, then g; ``weight_ih``, the rows of r, k, v, then g; ``time_decay``
    and ``time_first`` (N, K); ``norm_weight`` and ``norm_bias`` (N V,); ``out_weight`` (H, N V). All but the two
    matrices do not decay. The state is S (N, V, K) and the step before, (1, I).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size, value_size: K and V; ``None`` is H / N.
        layer_index, num_layers: the layer's place in its stack, from 0, and the stack's depth, on which the
            initialisation depends.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: the equations have none; taken because every layer takes it, without effect.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, a place that is not in the stack, heads that do not divide H, or an impossible
            chunk size.
    """

    gate_names = ("output",)
    time_decay: nn.Parameter
    time_first: nn.Parameter

    def widths(self) -> tuple[int, ...]:
        """Of r, k, v and g."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V, N * V

    def further(self) -> dict[str, tuple[int, ...]]:
        """The mixes, decays, the bonus and the norm."""
        keys = (self.num_heads, self.key_size)
        return {"time_mix": (4, self.input_size), "time_decay": keys, "time_first": keys, **self.norms()}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Decays from slow to fast over the channels, mixes from all to none over the inputs."""
        keys, depth, above = along(self.num_heads * self.key_size), self.depth, self.above
        self.draw((1.0, 0.1, 1.0, 0.1))
        self.draw_mixes((0.5 * above, above, above, 0.5 * above))
        self.time_mix[2] -= 0.3 * depth
        self.time_decay.copy_((-6 + 5 * keys ** (0.7 + 1.3 * depth)).view_as(self.time_decay))
        zigzag = ((torch.arange(len(keys)) + 1) % 3 - 1) * 0.1
        self.time_first.copy_((depth * (1 - keys) + zigzag).view_as(self.time_first))

    def gates(self, seen: Tensor) -> tuple[Tensor, ...]:
        """silu(g) (B, T, N V); r, k and v (B, T, N, width)."""
        now, change = self.shifted(seen)
        blocks = zip(self.time_mix, self.weight_ih.split(self.widths()), strict=True)
        r, k, v, g = (product(now + change * mu, weight) for mu, weight in blocks)
        return silu(g), self.heads(r), self.heads(k), self.heads(v)

    def memory(self, g: Tensor, r: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
        """Fixed decays, and the bonus."""
        fading = -torch.exp(self.time_decay)[None, None]  # (1, 1, N, K)
        return {"q": r, "k": k, "v": v, "log_decay": fading, "bonus": self.time_first}

    def readout(self, y: Tensor, g: Tensor, *rest: Tensor) -> Tensor:
        """O [norm(y) * silu(g)] (B, T, H)."""
        return self.project_out(self.normed(y) * g)
