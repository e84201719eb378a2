"""RWKV-7 (Goose): a delta rule whose removed and added keys differ, with rates of each channel that the input chooses.

x^j_t = x_t + mu_j * (x_{t-1} - x_t)                        j = r, w, k, v, a, g
r_t, k_t, v_t = W x^j_t                                     (K,), (K,), (V,) in each of N heads
w_t = exp(-sigmoid(w_0 + W_2 tanh(W_1 x^w_t)) / sqrt(e))    (K,)
a_t = sigmoid(a_0 + A_2 A_1 x^a_t)                          (K,)
v_t <- v_t + (v^first_t - v_t) * sigmoid(v_0 + V_2 V_1 x^v_t)     in all layers but the first
kappa_t = k_t * k_k, to length 1;  k_t <- k_t * (1 + (a_t - 1) * k_a)
S_t = S_{t-1} (diag(w_t) - kappa_t (kappa_t * a_t)^T) + v_t k_t^T
o_t = O [(norm(S_t r_t) + (r_t . (r_k * k_t)) v_t) * G_2 sigmoid(G_1 x^g_t)]

v^first is the v of the stack's first layer; norm brings each head to mean 0 and variance 1, then weight and bias.

Source: Peng et al., "RWKV-7 'Goose' with Expressive Dynamic State Evolution", 2025, arXiv 2503.14456, section 4; as the
authors' rwkv_v7_numpy.py computes it, initialised as in their RWKV-v7/train_temp/src/model.py.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_call, check_sizes, check_state, check_step
from rnnzoo.layers._products import product
from rnnzoo.layers._rwkv import RWKVCell, along, orthogonal
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "rwkv7",
    class_name="RWKV7",
    paper=Paper(
        "RWKV-7 'Goose' with Expressive Dynamic State Evolution",
        "Bo Peng, Ruichong Zhang, Daniel Goldstein, Eric Alcaide, Xingjian Du, Haowen Hou, Jiaju Lin, Jiaxing Liu, "
        "Janna Lu, William Merrill, Guangyu Song, Kaifeng Tan, Saiteja Utpala, Nathan Wilce, Johan S. Wind, Tianyi Wu, "
        "Daniel Wuttke, Christian Zhou-Zheng",
        2025,
        "https://arxiv.org/abs/2503.14456",
    ),
    kind="matrix",
    description="a delta rule with decays and rates by channel that the input chooses, and the first layer's values",
    tiny={"input_size": 3, "hidden_size": 4, "num_heads": 2, "key_size": 3, "low_rank": 2},
    oracle="tests/oracles/rwkv7.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class RWKV7(RWKVCell):
    """RWKV-7's time mixing. Channel mixing, the norms and the residuals belong to the block around it.

    Parameters: ``time_mix`` (6, I), mu of r, w, k, v, a, then g; ``weight_ih``, the rows of r, k, then v; for decays w,
    rates a, values v (in all layers but the first) and the gate g a pair ``*_down`` (R, I) and ``*_up`` (N K or N V, R)
    of its rank R and, but for the gate, a ``*_bias``; ``key_scale``, k_k, and ``key_rate``, k_a, (N K,); ``bonus``,
    r_k, (N, K); ``norm_weight`` and ``norm_bias`` (N V,); ``out_weight`` (H, N V). All but ``weight_ih`` and
    ``out_weight`` do not decay. The state is S (N, V, K) and the step before, (1, I).

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the output.
        num_heads: N.
        key_size, value_size: K and V; ``None`` is H / N.
        low_rank: the rank of every pair of factors; ``None`` is the authors' for H: 32 for each up to H = 280 or so,
            more for the gate and for wider layers.
        layer_index, num_layers: the layer's place in its stack, from 0, and the stack's depth. A layer above the first
            needs the first one's values: a stack hands them on.
        chunk_size: the steps that are taken at once, a power of two from 8.
        bias: the products have none; taken because every layer takes it, without effect.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1, a place that is not in the stack, heads that do not divide H, or an impossible
            chunk size.
    """

    gate_names = ("decay", "rate", "output")
    decay_down: nn.Parameter
    decay_up: nn.Parameter
    decay_bias: nn.Parameter
    rate_down: nn.Parameter
    rate_up: nn.Parameter
    rate_bias: nn.Parameter
    value_down: nn.Parameter
    value_up: nn.Parameter
    value_bias: nn.Parameter
    gate_down: nn.Parameter
    gate_up: nn.Parameter
    key_scale: nn.Parameter
    key_rate: nn.Parameter
    bonus: nn.Parameter

    def __init__(self, input_size: int, hidden_size: int, *, low_rank: int | None = None, **common: Any) -> None:
        if low_rank is not None:
            check_sizes(low_rank=low_rank)
        self.low_rank = low_rank
        super().__init__(input_size, hidden_size, **common)

    def widths(self) -> tuple[int, ...]:
        """Of r, k and v."""
        N, K, V = self.num_heads, self.key_size, self.value_size
        return N * K, N * K, N * V

    def further(self) -> dict[str, tuple[int, ...]]:
        """The mixes, the pairs of factors, what is done to keys, the bonus and the norm."""
        keys, values = self.num_heads * self.key_size, self.num_heads * self.value_size
        found: dict[str, tuple[int, ...]] = {"time_mix": (6, self.input_size)}
        pairs = {"decay": (keys, 2.5), "rate": (keys, 2.5), "value": (values, 1.7), "gate": (values, 5.0)}
        if not self.layer_index:
            del pairs["value"]
        for name, (width, wide) in pairs.items():
            rank = self.low_rank or max(32, round(wide * self.hidden_size**0.5 / 32) * 32)
            found |= {f"{name}_down": (rank, self.input_size), f"{name}_up": (width, rank)}
            found |= {} if name == "gate" else {f"{name}_bias": (width,)}
        found |= {"key_scale": (keys,), "key_rate": (keys,), "bonus": (self.num_heads, self.key_size)}
        return {**found, **self.norms()}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Decays from slow to fast over the channels and within each head, first factors zero, second ones small."""
        K, above = self.key_size, self.above
        keys, values = along(self.num_heads * K), along(self.num_heads * self.value_size)
        zigzag = (2 * along(K) - 1).repeat(self.num_heads)
        zigzag = zigzag * zigzag.abs()
        self.draw((1.0, 1.0, 1.0))
        for block, scale in zip(self.weight_ih.split(self.widths()), (0.5, 0.05, 0.5), strict=True):
            nn.init.uniform_(block, -scale * self.input_size**-0.5, scale * self.input_size**-0.5)
        self.draw_mixes((0.2 * above, 0.9 * above, 0.7 * above, 0.7 * above, 0.9 * above, 0.2 * above))
        for name in ("decay", "rate", "gate", *(("value",) if self.layer_index else ())):
            nn.init.zeros_(getattr(self, f"{name}_down"))
            up = getattr(self, f"{name}_up")
            up.copy_(orthogonal(up.T.shape, 0.1).T)
        self.decay_bias.copy_(-5.5 + 6 * keys ** (1 + self.depth**0.3) + 2.5 * zigzag)
        self.rate_bias.copy_(-0.19 + 0.3 * zigzag + 0.4 * (keys - 0.5))
        if self.layer_index:
            self.value_bias.copy_(0.73 - 0.4 * (values - 0.5))
        self.key_scale.copy_(0.71 - 0.1 * (keys - 0.5))
        nn.init.constant_(self.key_rate, 1.02)
        nn.init.constant_(self.bonus, -0.04)

    def first_value(self, x: Tensor, state: State | None, lengths: Tensor | None) -> Tensor:
        """v (B, T, N V) of the stack's first layer, for those above it; arguments as `forward`'s."""
        (seen,), _, _ = self._hoisted(x, check_call(self, x, state, lengths, self._weight()), lengths)
        now, change = self.shifted(seen)
        return product(now + change * self.time_mix[3], self.weight_ih.split(self.widths())[2])

    def forward(
        self, x: Tensor, state: State | None = None, lengths: Tensor | None = None, first: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """The whole sequence at once, as every cell's; a layer above the first gets ``first``, `first_value`'s.

        Raises:
            TypeError, ValueError: an argument has a wrong shape, dtype, device or range, or ``first`` is missing.
            BackendError: the backend asked for cannot run.
        """
        state = check_call(self, x, state, lengths, self._weight())
        self.last_backend = self.choose_backend()
        return self._run(x, state, lengths, first, self.last_backend)

    def step(self, x: Tensor, state: State, first: Tensor | None = None) -> tuple[Tensor, State]:
        """One time step, as every cell's; a layer above the first gets ``first`` (B, N V).

        Raises:
            TypeError, ValueError: as `forward`.
        """
        check_step(x, self.input_size, self._weight())
        check_state(state, self.state_shapes, x.shape[0], self._weight())
        first = None if first is None else first.unsqueeze(1)
        y, state = self._run(x.unsqueeze(1), tuple(state), None, first, "reference")
        return y.squeeze(1), state

    def _run(
        self, x: Tensor, state: State, lengths: Tensor | None, first: Tensor | None, backend: str
    ) -> tuple[Tensor, State]:
        heard = self.heard(first)
        hoisted, own, tail = self._hoisted(x, state, lengths)
        y, final = self.outputs((*hoisted, *heard), own, lengths, backend)
        return y, (*final, *tail)

    def heard(self, first: Tensor | None) -> tuple[Tensor, ...]:
        """The first layer's values, without which no other layer can do."""
        if self.layer_index and first is None:
            raise ValueError(
                f"this is layer {self.layer_index} of a stack of RWKV-7, counted from 0, and sees the values of layer "
                f"0; none were given. Run it in its stack, or give first=(batch, time, {self.widths()[2]})."
            )
        return super().heard(first)

    def factors(self, name: str, x: Tensor) -> Tensor:
        """The product of x with a pair of factors, and with its bias where it has one; tanh between those of w."""
        low = product(x, getattr(self, f"{name}_down"))
        low = torch.tanh(low) if name == "decay" else torch.sigmoid(low) if name == "gate" else low
        found = product(low, getattr(self, f"{name}_up"))
        return found if name == "gate" else found + getattr(self, f"{name}_bias")

    def gates(self, seen: Tensor, *first: Tensor) -> tuple[Tensor, ...]:
        """w and a (B, T, N K), the gate (B, T, N V); log w, r, k, v, -kappa and kappa a (B, T, N, width)."""
        now, change = self.shifted(seen)
        r, w, k, v, a, g = (now + change * mu for mu in self.time_mix)
        R, K, V = self.weight_ih.split(self.widths())
        fading = -torch.sigmoid(self.factors("decay", w)) * math.exp(-0.5)
        rate, gate = torch.sigmoid(self.factors("rate", a)), self.factors("gate", g)
        values = product(v, V)
        if first:
            values = values + (first[0] - values) * torch.sigmoid(self.factors("value", v))
        r, k = product(r, R), product(k, K)
        kappa = normalize(self.heads(k * self.key_scale), dim=-1)
        k = k * (1 + (rate - 1) * self.key_rate)
        parts = (self.heads(part) for part in (fading, r, k, values))
        return torch.exp(fading), rate, gate, *parts, -kappa, kappa * self.heads(rate)

    def memory(self, w: Tensor, a: Tensor, g: Tensor, *rest: Tensor) -> dict[str, Tensor]:
        """Decays by channel; what is removed is read by kappa, and stored under kappa a."""
        fading, r, k, v, removed, under = rest
        return {"q": r, "k": k, "v": v, "log_decay": fading, "a": removed, "b": under}

    def readout(self, y: Tensor, w: Tensor, a: Tensor, g: Tensor, *rest: Tensor) -> Tensor:
        """O [(norm(y) + own) * gate] (B, T, H), own: what a step reads of its own pair by the bonus."""
        _, r, k, v, *_ = rest
        own = (r * k * self.bonus).sum(-1, keepdim=True) * v
        return self.project_out((self.normed(y) + own.flatten(-2)) * g)
