"""GRU-D: a gated recurrent unit for series with missing values, which fade to their mean as the state fades to zero.

Of each of D channels the input has x, m (1 where x was observed, 0 where not) and delta, the time since it last was:
gamma_x = exp(-max(0, w_x * delta_t + b_x))                  (D,), a channel by itself
gamma_h = exp(-max(0, W_h delta_t + b_h))                    (H,)
v_t = x_t where it was observed, else gamma_x * x' + (1 - gamma_x) * mean         x' the last value observed
d = gamma_h * h_{t-1}
r = sigmoid(W_r v_t + V_r m_t + b_r + U_r d)
z = sigmoid(W_z v_t + V_z m_t + b_z + U_z d)
n = tanh(W_n v_t + V_n m_t + b_n + U_n (r * d))
h_t = (1 - z) * d + z * n

Source: Che, Purushotham, Cho, Sontag, Liu, "Recurrent Neural Networks for Multivariate Time Series with Missing
Values", Scientific Reports 8, 2018, arXiv 1606.01865, equations 10 to 17. The authors' code (PeterChe1990/GRU-D) gives
the recurrent unit 1 - m for m and lets h_{t-1} itself through at 1 - z; here it is as in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._carrying import CarryingCell
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._products import product
from rnnzoo.ops.gated import Stage
from rnnzoo.ops.running_max import running_max
from rnnzoo.registry import LAYERS


def _decay(x: Tensor, _: None, h: Tensor) -> tuple[Tensor]:
    return (x[..., 0, :],)


def _decayed(x: Tensor, _: None, h: Tensor) -> tuple[Tensor]:
    (gamma,) = _decay(x, _, h)
    return (gamma * h,)


def _gates(a: Tensor, _: None, d: Tensor) -> tuple[Tensor, Tensor]:
    r, z = torch.sigmoid(a).unbind(-2)  # (..., H) each
    return r, z


def _reset(a: Tensor, _: None, d: Tensor) -> tuple[Tensor, Tensor]:
    r, z = _gates(a, _, d)
    return r * d, z


def _candidate(a: Tensor, *_: Any) -> tuple[Tensor]:
    return (torch.tanh(a[..., 0, :]),)


def _mix(a: Tensor, _: None, z: Tensor, d: Tensor) -> tuple[Tensor]:
    (n,) = _candidate(a)
    return ((1 - z) * d + z * n,)


STAGES = (
    Stage(None, 1, 0, _decayed, ("h",), ("d",), gates=_decay, gate_names=("decay",), input_bias=False),
    Stage("d", 2, 2, _reset, ("d",), ("rd", "z"), summed=True, gates=_gates, gate_names=("reset", "update")),
    Stage("rd", 1, 1, _mix, ("z", "d"), ("h",), summed=True, gates=_candidate, gate_names=("candidate",)),
)


@LAYERS.register(
    "gru_d",
    class_name="GRUD",
    paper=Paper(
        "Recurrent Neural Networks for Multivariate Time Series with Missing Values",
        "Zhengping Che, Sanjay Purushotham, Kyunghyun Cho, David Sontag, Yan Liu",
        2018,
        "https://arxiv.org/abs/1606.01865",
    ),
    kind="gated",
    description="GRU for missing values: what was last seen fades to its mean, the state to zero, at learned rates",
    tiny={"input_size": 6, "hidden_size": 4, "missing": True, "means": (0.5, -1.0)},
    oracle="tests/oracles/gru_d.py",
    exportable=True,
    double_backward=True,
)
class GRUD(CarryingCell):
    """GRU-D; the states are h and, with ``missing``, the last values observed, x' (D,), at first 0.

    Without ``missing`` all I channels are values, seen at every step, one unit of time apart: what is left of the
    equations is a GRU whose state fades by exp(-max(0, b_h)) a step. That is also what the layers of a stack above the
    first are, for they see all of the layer below them. A reverse direction reads the delta it is given, which is the
    time since the last observation before, not behind.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of h and of the output.
        missing: whether the input has D = I / 3 channels thrice: values, masks, times since the last observation. A
            value was observed where its mask is above 0.5; what stands there else is not looked at, but has to be
            finite.
        means: D numbers, the channels' means over what is observed in the training set; None: 0, as for standardised
            values. They are the buffer ``mean``.
        bias: whether there are biases b (``bias_ih`` (3H,)), at first 0.
        device, dtype: of the parameters; ``weight_ih`` (3H, 2D) holds W, then V, of r, z, n, at first Xavier's;
            ``weight_hh`` (3H, H), at first orthogonal. Decays: w_x and b_x are ``decay_weight_x`` and ``decay_bias_x``
            (D,), W_h and b_h ``decay_weight_h`` (H, D) and ``decay_bias_h`` (H,); they start between 0 and 1/sqrt(H),
            since from 0, as in the authors' code, max(0, .) has no slope that could move them.
        layer_index, num_layers: the place in a stack, from a stack.

    Raises:
        ValueError: a size below 1; I not divisible by 3 with ``missing``; means that are not one a channel.
    """

    weight_hh: nn.Parameter
    decay_weight_x: nn.Parameter
    decay_bias_x: nn.Parameter
    decay_weight_h: nn.Parameter
    decay_bias_h: nn.Parameter
    mean: Tensor
    stages = STAGES

    def __init__(
        self, input_size: int, hidden_size: int, *, missing: bool = False, means: Sequence[float] | None = None,
        bias: bool = True, layer_index: int = 0, num_layers: int = 1, device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:  # fmt: skip
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.missing = missing and layer_index == 0
        if self.missing and input_size % 3:
            raise ValueError(
                f"missing=True and input_size is {input_size}; expected a multiple of 3: values, masks, times since "
                "the last observation."
            )
        self.channels = input_size // 3 if self.missing else input_size
        if means is not None and not missing:
            raise ValueError("means were given and missing is False; they are what missing values fade to.")
        if means is not None and self.missing and len(means) != self.channels:
            raise ValueError(f"means has {len(means)} numbers; expected {self.channels}, one a channel of values.")
        self.carried = {"x": (self.channels,)} if self.missing else {}
        super().__init__(input_size, hidden_size, bias=bias, recurrent_bias=False, device=device, dtype=dtype)
        if self.missing:
            given = [0.0] * self.channels if means is None else list(means)
            self.register_buffer("mean", self.weight_ih.new_tensor(given))

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """W and V, U, b, and the decays."""
        D, H = self.channels, self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (3 * H, 2 * D if self.missing else D)}
        shapes |= {"weight_hh": (3 * H, H)} | ({"bias_ih": (3 * H,)} if self.bias else {})
        if self.missing:
            shapes |= {"decay_weight_x": (D,), "decay_bias_x": (D,), "decay_weight_h": (H, D)}
        return shapes | {"decay_bias_h": (H,)}

    def reset_parameters(self) -> None:
        """W and V Xavier uniform, U orthogonal, gate by gate; b 0; decays uniform from 0 to 1/sqrt(H)."""
        for name, parameter in self.named_parameters():
            if name.startswith("decay"):
                nn.init.uniform_(parameter, 0.0, self.hidden_size**-0.5)
            elif name.startswith("bias"):
                nn.init.zeros_(parameter)
        for W, U in zip(self.weight_ih.data.chunk(3), self.weight_hh.data.chunk(3), strict=True):
            for part in W.split(self.channels, -1):
                nn.init.xavier_uniform_(part)
            nn.init.orthogonal_(U)

    def carry(self, x: Tensor, carried: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """gamma_h and the input products of r, z and n, (B, T, 4H); the last value observed."""
        if not self.missing:
            products = product(x, self.weight_ih, self.bias_ih)  # (B, T, 3H)
            gamma_h = _fading(self.decay_bias_h).expand(*x.shape[:2], -1)
            return torch.cat([gamma_h, products], -1), ()
        x, m, delta = x.chunk(3, -1)  # (B, T, D) each
        observed = m > 0.5
        last = _last_observed(x, observed, carried[0])
        gamma_x = _fading(self.decay_weight_x * delta + self.decay_bias_x)
        v = torch.where(observed, x, gamma_x * last + (1 - gamma_x) * self.mean)
        products = product(torch.cat([v, m], -1), self.weight_ih, self.bias_ih)
        gamma_h = _fading(linear(delta, self.decay_weight_h, self.decay_bias_h).to(products.dtype))
        return torch.cat([gamma_h, products], -1), (last[:, -1],)  # in the padding nothing is observed

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        said = f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")
        return said + (", missing=True" if self.missing else "")


def _fading(rate: Tensor) -> Tensor:
    return torch.exp(-torch.relu(rate))


def _last_observed(x: Tensor, observed: Tensor, before: Tensor) -> Tensor:
    """The last value observed up to each step, (B, T, D), of x (B, T, D), and of what was before the first (B, D)."""
    steps = torch.arange(1, x.shape[1] + 1, device=x.device).reshape(-1, 1)  # 0 is the value before the first step
    at = running_max(torch.where(observed, steps, 0))  # (B, T, D)
    return torch.cat([before.unsqueeze(1).to(x.dtype), x], 1).gather(1, at)
