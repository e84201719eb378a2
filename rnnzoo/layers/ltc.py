"""The liquid time-constant network: neurons that charge and leak, and synapses whose strength is their input's.

Neuron j has a membrane with v_j, driven by its leak, by the inputs' synapses and by those of all neurons:
C_j dv_j/dt = l_j (r_j - v_j) + sum_i S_ij(x) (E'_ij - v_j) + sum_i W_ij(v) (E_ij - v_j)
S_ij(x) = w'_ij sigmoid(sigma'_ij (a_i x_i + b_i - mu'_ij)),   W_ij(v) = w_ij sigmoid(sigma_ij (v_i - mu_ij))
A step of time delta goes in n semi-implicit Euler steps of delta / n: what the strengths are is taken from before, and
the rest, which is linear in v, solved for:
v_j <- (C_j v_j + delta / n (l_j r_j + sum S_ij E'_ij + sum W_ij(v) E_ij))
       / (C_j + delta / n (l_j + sum S_ij + sum W_ij(v) + 1e-8))
y_t = o * v + p
C, l, w and w' are softplus of their parameters.

Source: Hasani, Lechner, Amini, Rus, Grosu, "Liquid Time-constant Networks", AAAI 2021, arXiv 2006.04439, equations 1 to
3 and algorithm 1; synapses with reversal potentials E, the affine maps and the initial values as in the authors' code
(ncps 1.0.1, ``LTCCell``), fully connected.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_sizes, check_time_channel
from rnnzoo.layers._stepped import SteppedCell
from rnnzoo.registry import LAYERS

SMALL = 1e-8
"""Added to what is divided by, as in the authors' code."""
RANGES = {"leak": (0.001, 1.0), "rest": (-0.2, 0.2), "capacity": (0.4, 0.6)}
SYNAPSE_RANGES = {"strength": (0.001, 1.0), "slope": (3.0, 8.0), "threshold": (0.3, 0.8)}


@LAYERS.register(
    "ltc",
    class_name="LTC",
    paper=Paper(
        "Liquid Time-constant Networks",
        "Ramin Hasani, Mathias Lechner, Alexander Amini, Daniela Rus, Radu Grosu",
        2021,
        "https://arxiv.org/abs/2006.04439",
    ),
    kind="other",
    description="liquid time-constant network: leaky neurons with synapses, their equation solved in small steps",
    tiny={"input_size": 3, "hidden_size": 4, "unfolds": 2},
    oracle="tests/oracles/ltc.py",
    exportable=True,
    double_backward=True,
)
class LTC(SteppedCell):
    """Liquid time-constant network; the state v stays between the lowest and the highest of 0, r, E and E'.

    Every pair of neurons, and every input with every neuron, has a synapse with a sigmoid of its own, so that a step
    takes n * B * H * H sigmoids. With ``time_gap`` there is no stack: the layers above would not know the gaps.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the number of neurons, all of which are put out.
        time_gap: whether the last of the I channels is delta, the time since the step before, 0 or above; else it is 1.
        unfolds: n, the solver's steps in a step.
        bias: whether there are b (``input_bias``) and p (``output_bias``).
        device, dtype: of the parameters, J = I, or I - 1 with gaps: ``leak`` l, ``rest`` r and ``capacity`` C (H,);
            of the neurons' synapses ``strength`` w, ``slope`` sigma, ``threshold`` mu and ``reversal`` E (H, H), from
            row to column; of the inputs' the same with ``input_`` before it (J, H); ``input_scale`` a (J,),
            ``output_scale`` o (H,). Reversal potentials are at first -1 or 1, two of three 1.
        layer_index, num_layers: the place in a stack, from a stack.

    Raises:
        ValueError: a size or unfolds below 1; gaps in a stack, or without another channel.
    """

    leak: nn.Parameter
    rest: nn.Parameter
    capacity: nn.Parameter
    strength: nn.Parameter
    slope: nn.Parameter
    threshold: nn.Parameter
    reversal: nn.Parameter
    input_strength: nn.Parameter
    input_slope: nn.Parameter
    input_threshold: nn.Parameter
    input_reversal: nn.Parameter
    input_scale: nn.Parameter
    output_scale: nn.Parameter
    input_bias: nn.Parameter
    output_bias: nn.Parameter
    states = ("v",)

    def __init__(
        self, input_size: int, hidden_size: int, *, time_gap: bool = False, unfolds: int = 6, layer_index: int = 0,
        num_layers: int = 1, **common: Any,
    ) -> None:  # fmt: skip
        check_sizes(unfolds=unfolds)
        if time_gap:
            check_time_channel("time_gap", input_size, num_layers)
        self.time_gap, self.unfolds = time_gap, unfolds
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The neurons', the synapses' and the affine maps'."""
        J, H = self.input_size - self.time_gap, self.hidden_size
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(RANGES, (H,))
        shapes |= dict.fromkeys((*SYNAPSE_RANGES, "reversal"), (H, H))
        shapes |= {f"input_{name}": (J, H) for name in (*SYNAPSE_RANGES, "reversal")}
        shapes |= {"input_scale": (J,), "output_scale": (H,)}
        return shapes | ({"input_bias": (J,), "output_bias": (H,)} if self.bias else {})

    def reset_parameters(self) -> None:
        """Uniform in the ranges of the authors' code, reversal potentials -1 or 1, the affine maps the identity."""
        for name, parameter in self.named_parameters():
            own = name.removeprefix("input_")
            if own in RANGES or own in SYNAPSE_RANGES:
                nn.init.uniform_(parameter, *(RANGES | SYNAPSE_RANGES)[own])
            elif own == "reversal":
                with torch.no_grad():
                    parameter.copy_(1.0 - 2.0 * (torch.rand_like(parameter) < 1 / 3))
            else:
                nn.init.constant_(parameter, float(own.endswith("scale")))

    def hoist(self, x: Tensor) -> Sequence[Tensor]:
        """Of all steps, what the inputs drive and what they let through (B, T, H), and delta (B, T, 1) where given."""
        x, delta = (x[..., :-1], (x[..., -1:],)) if self.time_gap else (x, ())
        x = x * self.input_scale
        if self.bias:
            x = x + self.input_bias
        S = softplus(self.input_strength) * torch.sigmoid(
            self.input_slope * (x.unsqueeze(-1) - self.input_threshold)
        )  # (B, T, J, H)
        return (S * self.input_reversal).sum(-2), S.sum(-2), *delta

    def prepare(self) -> tuple[Tensor, ...]:
        """C and l (H,), w (H, H), above 0."""
        return softplus(self.capacity), softplus(self.leak), softplus(self.strength)

    def advance(self, now: tuple[Tensor, ...], state: State, prepared: tuple[Tensor, ...]) -> tuple[Tensor, State]:
        """n steps of the solver."""
        (driven, through, *gap), (v,), (C, leak, w) = now, state, prepared
        driven, through = driven + leak * self.rest, through + leak + SMALL
        delta = (gap[0] if gap else 1.0) / self.unfolds  # (B, 1)
        for _ in range(self.unfolds):
            W = w * torch.sigmoid(self.slope * (v.unsqueeze(-1) - self.threshold))  # (B, H, H)
            v = (C * v + delta * (driven + (W * self.reversal).sum(-2))) / (C + delta * (through + W.sum(-2)))
        y = v * self.output_scale
        return (y + self.output_bias if self.bias else y), (v,)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        usual = {"time_gap": False, "unfolds": 6}
        given = {name: getattr(self, name) for name in usual}
        return super().extra_repr() + "".join(f", {n}={given[n]}" for n in usual if given[n] != usual[n])
