"""The closed-form continuous-time network: what a liquid network's neuron would have become, without solving for it.

z = phi(W x_t + b + U h_{t-1})                                   the backbone, L layers with weights of their own
p = F z + b_f,  q = G z + b_g,  a = A z + b_a,  b = B z + b_b
s = sigmoid(a * delta_t + b)                                     delta the time since the step before
h_t = tanh(p) * (1 - s) + s * tanh(q)                            mode "default"
h_t = tanh(p) + s * tanh(q)                                      mode "no_gate"
h_t = k - k * exp(-delta_t * (|w| + |p|)) * p                    mode "pure": the solution itself; w, k learned

phi is 1.7159 tanh(0.666 .) unless another is chosen. Without a backbone, L = 0, F to B read x_t and h_{t-1} themselves.

Source: Hasani, Lechner, Amini, Liebenwein, Ray, Tschaikowski, Teschl, Rus, "Closed-form Continuous-time Neural
Networks", Nature Machine Intelligence 4, 2022, arXiv 2106.13898, equations 2 and 10; the backbone, the modes and the
initial values as in the authors' code (ncps 1.0.1, ``CfCCell``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad, silu

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes, check_time_channel
from rnnzoo.layers._gated import GatedCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS, unknown

MODES = ("default", "no_gate", "pure")
HEADS = ("candidate", "candidate_2", "time")


def _lecun_tanh(x: Tensor) -> Tensor:
    return 1.7159 * torch.tanh(0.666 * x)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": gelu,
    "lecun_tanh": _lecun_tanh,
    "relu": torch.relu,
    "silu": silu,
    "tanh": torch.tanh,
}


def _first(a: Tensor, _: None, *, function: Callable[[Tensor], Tensor]) -> tuple[Tensor]:
    return (function(a[..., 0, :]),)


def _deeper(_: None, u: Tensor, *, function: Callable[[Tensor], Tensor]) -> tuple[Tensor]:
    return (function(u[..., 0, :]),)


def _heads(u: Tensor, x: Tensor | None, delta: Tensor | float) -> tuple[Tensor, Tensor, Tensor]:
    p, q, a, b = (u if x is None else u + x).unbind(-2)  # (..., H) each
    return torch.tanh(p), torch.tanh(q), torch.sigmoid(a * delta + b)


def _gates(x: Tensor | None, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return _heads(u, x, 1.0)


def _gap_gates(x: Tensor, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return _heads(u, *_parted(x))


def _parted(x: Tensor) -> tuple[Tensor | None, Tensor]:
    """The input's products, where there is no backbone, and delta, the last block."""
    return x[..., :-1, :] if x.shape[-2] > 1 else None, x[..., -1, :]


def _update(x: Tensor | None, u: Tensor, *, gates: Callable[..., tuple[Tensor, ...]], mixed: bool) -> tuple[Tensor]:
    p, q, s = gates(x, u)
    return (p * (1 - s) + s * q if mixed else p + s * q,)


def _pure(x: Tensor | None, u: Tensor, w: Tensor, k: Tensor, *, gap: bool) -> tuple[Tensor]:
    rest, delta = _parted(x) if gap and x is not None else (x, 1.0)
    p = (u if rest is None else u + rest)[..., 0, :]
    return (k - k * torch.exp(-delta * (torch.abs(w) + torch.abs(p))) * p,)


@LAYERS.register(
    "cfc",
    class_name="CfC",
    paper=Paper(
        "Closed-form Continuous-time Neural Networks",
        "Ramin Hasani, Mathias Lechner, Alexander Amini, Lucas Liebenwein, Aaron Ray, Max Tschaikowski, Gerald Teschl, "
        "Daniela Rus",
        2022,
        "https://arxiv.org/abs/2106.13898",
    ),
    kind="gated",
    description="closed-form continuous-time network: a gate of time mixes two candidates; takes the gaps of time",
    tiny={"input_size": 3, "hidden_size": 4, "time_gap": True, "backbone_units": 5},
    oracle="tests/oracles/cfc.py",
    exportable=True,
    double_backward=True,
)
class CfC(GatedCell):
    """Closed-form continuous-time network, fully connected; the state h lies between -1 and 1 in the default mode.

    With ``time_gap`` there is no stack: the layers above would not know the gaps. A reverse direction reads the gaps it
    is given, each before its step and not behind it.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        time_gap: whether the last of the I channels is delta, the time since the step before; else it is 1.
        mode: "default", "no_gate" or "pure".
        backbone_units: N, the width of the backbone's layers.
        backbone_layers: L, 0 for none.
        activation: phi: "lecun_tanh", "gelu", "relu", "silu" or "tanh".
        bias: whether there are biases, of the backbone's first layer (``bias_ih``) and of all else.
        recurrent_bias: with ``bias``, whether there is all else.
        device, dtype: of the parameters; W is ``weight_ih`` (N, I, or I - 1 with gaps). U, the backbone's further
            layers and F, G, A, B are ``weight_hh_0`` (N, H), ``weight_hh_1``, ..., the last of them (4H, N), in pure
            mode F alone (H, N); where N = H they are one, ``weight_hh``. Without a backbone ``weight_ih`` and
            ``weight_hh`` hold F to B. w and k are ``time_rate`` and ``amplitude`` (H,). Biases likewise.
        layer_index, num_layers: the place in a stack, from a stack.

    Raises:
        ValueError: a size below 1, backbone_layers below 0; gaps in a stack, or without another channel.
        UnknownName: a mode or an activation that is none of those.
    """

    def __init__(
        self, input_size: int, hidden_size: int, *, time_gap: bool = False, mode: str = "default",
        backbone_units: int = 128, backbone_layers: int = 1, activation: str = "lecun_tanh", layer_index: int = 0,
        num_layers: int = 1, **common: Any,
    ) -> None:  # fmt: skip
        check_sizes(input_size=input_size, hidden_size=hidden_size, backbone_units=backbone_units)
        if isinstance(backbone_layers, bool) or not isinstance(backbone_layers, int) or backbone_layers < 0:
            raise ValueError(f"backbone_layers is {backbone_layers!r}; expected a whole number of at least 0.")
        for option, given, known in (("mode", mode, MODES), ("activation", activation, ACTIVATIONS)):
            if given not in known:
                raise unknown(option, given, known)
        if time_gap:
            check_time_channel("time_gap", input_size, num_layers)
        self.time_gap, self.mode, self.activation = time_gap, mode, activation
        self.backbone_units, self.backbone_layers = backbone_units, backbone_layers
        self.sizes = {f"z{layer}": backbone_units for layer in range(backbone_layers)}
        self.vectors = ("time_rate", "amplitude") if mode == "pure" else ()
        self.stages = self._made()
        super().__init__(input_size, hidden_size, **common)

    def _made(self) -> tuple[Stage, ...]:
        function, last = ACTIVATIONS[self.activation], self.backbone_layers - 1
        given: dict[str, Any] = {"size": self.backbone_units, "recurrent_bias": False}
        backbone = [Stage("h", 1, 1, partial(_first, function=function), (), ("z0",), summed=True, **given)]
        for layer in range(1, self.backbone_layers):
            deeper = partial(_deeper, function=function)
            backbone.append(Stage(f"z{layer - 1}", 0, 1, deeper, (), (f"z{layer}",), size=self.backbone_units))
        products = 1 if self.mode == "pure" else 4
        blocks = self.time_gap + (0 if self.backbone_layers else products)
        plain: dict[str, Any] = {"input_bias": False} if self.backbone_layers else {"recurrent_bias": False}
        source = f"z{last}" if self.backbone_layers else "h"
        if self.mode == "pure":
            head = Stage(source, blocks, 1, partial(_pure, gap=self.time_gap), self.vectors, ("h",), **plain)
        else:
            gates = _gap_gates if self.time_gap else _gates
            update = partial(_update, gates=gates, mixed=self.mode == "default")
            head = Stage(source, blocks, 4, update, (), ("h",), gates=gates, gate_names=HEADS, **plain)
        return (*backbone[: self.backbone_layers], head)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The base's, but for the rows of ``weight_ih`` that would give delta, and its column."""
        shapes = super().parameter_shapes()
        if self.time_gap:
            rows, columns = shapes["weight_ih"]
            shapes["weight_ih"] = (rows - self.hidden_size, columns - 1)
            if "bias_ih" in shapes:
                shapes["bias_ih"] = (rows - self.hidden_size,)
        return shapes

    def input_weight(self) -> Tensor:
        """W, and rows that let delta through as it is."""
        if not self.time_gap:
            return self.weight_ih
        through = pad(self.weight_ih.new_ones(self.hidden_size, 1), (self.input_size - 1, 0))
        return torch.cat([pad(self.weight_ih, (0, 1)), through])

    def input_bias(self) -> Tensor | None:
        """b, and zeros for delta."""
        if not self.time_gap or self.bias_ih is None:
            return super().input_bias()
        return pad(self.bias_ih, (0, self.hidden_size))

    def reset_parameters(self) -> None:
        """Each layer's weight Xavier uniform, its bias as torch's linear layers have it; w and k Xavier uniform too."""
        seen = self.input_size - self.time_gap + self.hidden_size  # x and h
        with torch.no_grad():
            first = True
            for stage, weight, bias in zip(self.stages, *self.recurrent_weights(), strict=True):
                fan_in, fan_out = seen if first else self.backbone_units, stage.size or self.hidden_size
                _uniform(weight, (6 / (fan_in + fan_out)) ** 0.5)
                _uniform(bias, fan_in**-0.5)
                if first:
                    _uniform(self.weight_ih, (6 / (fan_in + fan_out)) ** 0.5)
                    _uniform(self.bias_ih, fan_in**-0.5)
                first = False
            for name in self.vectors:
                _uniform(getattr(self, name), (6 / (1 + self.hidden_size)) ** 0.5)

    def extra_repr(self) -> str:
        """The constructor's arguments, where they differ from their defaults."""
        usual = {
            "time_gap": False, "mode": "default", "backbone_units": 128, "backbone_layers": 1,
            "activation": "lecun_tanh",
        }  # fmt: skip
        given = {name: getattr(self, name) for name in usual}
        return super().extra_repr() + "".join(f", {n}={given[n]!r}" for n in usual if given[n] != usual[n])


def _uniform(parameter: Tensor | None, bound: float) -> None:
    if parameter is not None:
        nn.init.uniform_(parameter, -bound, bound)
