"""RWKV-4: the time mixing, in which each channel weighs its values by keys and by how long ago they came.

xk_t = mu_k * x_t + (1 - mu_k) * x_{t-1}                    (I,), and xr_t, xv_t likewise: the token shift
k_t, v_t, r_t = K xk_t, V xv_t, R xr_t                      (H,) each
wkv_t = (sum_{i<t} e^(-(t-1-i) w + k_i) v_i + e^(b + k_t) v_t) / (sum_{i<t} e^(-(t-1-i) w + k_i) + e^(b + k_t))
y_t = O (sigmoid(r_t) * wkv_t)                              (H,)

with the decay w = exp(time_decay) and the bonus b = time_first of the step itself. Both sums are carried relative to
their largest exponent so far.

Source: Peng et al., "RWKV: Reinventing RNNs for the Transformer Era", 2023, arXiv 2305.13048; the running
largest exponent and the initialisation as in the authors' RWKV-v4/src/model_run.py and model.py.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._products import product
from rnnzoo.layers._scan_stage import ChannelWeight
from rnnzoo.layers._softmax import SoftmaxCell
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.ops.softmax_scan import softmax_scan
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "rwkv4",
    class_name="RWKV4",
    paper=Paper(
        "RWKV: Reinventing RNNs for the Transformer Era",
        "Bo Peng, Eric Alcaide, Quentin Anthony, Alon Albalak, Samuel Arcadinho, Stella Biderman, Huanqi Cao, "
        "Xin Cheng, Michael Chung, Matteo Grella, Kranthi Kiran GV, Xuzheng He, Haowen Hou, Jiaju Lin, "
        "Przemysław Kazienko, Jan Kocoń, Jiaming Kong, Bartłomiej Koptyra, Hayden Lau, Krishna Sri Ipsit Mantri, "
        "Ferdinand Mom, Atsushi Saito, Guangyu Song, Xiangru Tang, Bolun Wang, Johan S. Wind, Stanisław Woźniak, "
        "Ruichong Zhang, Zhenyuan Zhang, Qihang Zhao, Peng Zhou, Qinghua Zhou, Jian Zhu, Rui-Jie Zhu",
        2023,
        "https://arxiv.org/abs/2305.13048",
    ),
    kind="scan",
    description="each channel a softmax over all earlier steps whose weights decay, gated by a receptance",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/rwkv4.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class RWKV4(SoftmaxCell):
    """RWKV-4's time mixing. Channel mixing, the norms and the residuals belong to the block around it.

    Parameters: ``time_mix`` (3, I), mu of k, v, then r; ``weight_ih`` (3H, I), K, V, then R; ``time_decay`` and
    ``time_first`` (H,); ``out_weight`` (H, H). None decays, as in the authors' code. The state is m, u and w (H,), the
    two sums relative to e^m, and the step before, (1, I).

    The initialisation is that of the authors' first layer, but for O: theirs is zero, which beside a residual is an
    identity, and here would be a layer that gives nothing and, stacked, never learns; it is orthogonal, as V is.

    Args:
        input_size: I, the width of the input; the authors' equals H.
        hidden_size: H, the width of the state and of the output.
        bias: the equations have none; taken because every layer takes it, without effect.
        device, dtype: of the parameters.

    Raises:
        ValueError: a size below 1.
    """

    gate_names = ("receptance",)
    weights = ("time_mix", "weight_ih", "time_decay", "time_first", "out_weight")
    undecayed = weights
    window = 2
    convolution = True
    time_mix: nn.Parameter
    time_decay: nn.Parameter
    time_first: nn.Parameter
    out_weight: nn.Parameter

    def __init__(self, input_size: int, hidden_size: int, **common: Any) -> None:
        H = hidden_size
        self.shapes = {"time_mix": (3, input_size), "weight_ih": (3 * H, input_size), "out_weight": (H, H)}
        super().__init__(input_size, hidden_size, **common)
        self.blocks = 3

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Decays from slow to fast over the channels, mixes from none to all over the inputs; K and R zero."""
        H, I = self.hidden_size, self.input_size
        h, i = torch.arange(H, dtype=torch.float64), torch.arange(I, dtype=torch.float64)
        self.time_decay.copy_(-5 + 8 * (h / max(H - 1, 1)) ** 0.7)
        self.time_first.copy_(math.log(0.3) + 0.5 * ((h + 1) % 3 - 1))
        self.time_mix.copy_(torch.stack((i / I, i / I, (i / I) ** 0.5)))
        nn.init.zeros_(self.weight_ih)
        self.weight_ih[H : 2 * H] = nn.init.orthogonal_(torch.empty(H, I), gain=max(1.0, (H / I) ** 0.5))
        self.out_weight.copy_(nn.init.orthogonal_(torch.empty(H, H)))

    def input_weight(self) -> Tensor:
        """K, V and R with the token shift in them, filters (3H, I, 2): of the step before and of the step itself."""
        now = self.time_mix.repeat_interleave(self.hidden_size, 0)  # (3H, I)
        return torch.stack(((1 - now) * self.weight_ih, now * self.weight_ih), -1)

    def input_bias(self) -> None:
        """None, as in the equations."""

    def activate(self, k: Tensor, v: Tensor, r: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """sigmoid(r), k and v (..., H)."""
        return torch.sigmoid(r), k, v

    @ChannelWeight
    def decay(self) -> Tensor:
        """-w (H,), what is added to the exponents of all earlier steps."""
        return -torch.exp(self.time_decay)

    def advance(self, state: State, values: tuple[Tensor, ...]) -> tuple[State, Tensor]:
        """The sums with a step, without its bonus, and what is read out of those before it."""
        (m, u, w), (_, k, v) = state, values
        before = m + self.decay
        largest = torch.maximum(before, k)
        old, own = torch.exp(before - largest), torch.exp(k - largest)
        return (largest, old * u + own, old * w + own * v), self.readout(*state, *values)

    def recurrence(
        self, values: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[State, State]:
        """Both sums over the steps before and each step itself, without its bonus; as `ScanCell.recurrence`."""
        _, k, v = values
        m, u, w = state
        start = (m, u, w.unsqueeze(-1))
        ran = softmax_scan(k, v.unsqueeze(-1), start, decay=self.decay[None, None], lengths=lengths, backend=backend)
        (m, u, w), (m_T, u_T, w_T) = ran
        return (m, u, w.squeeze(-1)), (m_T, u_T, w_T.squeeze(-1))

    def outputs(
        self, hoisted: tuple[Tensor, ...], state: State, lengths: Tensor | None, backend: str | None
    ) -> tuple[Tensor, State]:
        """As `ScanCell.outputs`, of the sums before each step."""
        values = self.gates(*hoisted)
        states, final = self.recurrence(values, state, lengths, backend)
        pairs = zip(state, states, strict=True)
        m, u, w = (torch.cat((first.unsqueeze(1).to(h.dtype), h[:, :-1]), 1) for first, h in pairs)
        y = self.project_out(self.readout(m, u, w, *values))
        return (y if lengths is None else zero_padding(y, lengths)), final

    def readout(self, m: Tensor, u: Tensor, w: Tensor, r: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """r * wkv (..., H), of the sums before each step, (..., H) each."""
        k = self.time_first + k
        largest = torch.maximum(m, k)
        old, own = torch.exp(m - largest), torch.exp(k - largest)
        wkv = (old * w + own * v) / (old * u + own)
        return r * wkv

    def project_out(self, y: Tensor) -> Tensor:
        """O y (B, T, H)."""
        return product(y, self.out_weight)
