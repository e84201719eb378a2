"""The echo-state network: a fixed random recurrent network, of which a linear read-out is all that is trained.

h_t = (1 - a) * h_{t-1} + a * f(W_in x_t + b + W h_{t-1})              f is tanh

W has the same number of connections to each unit, uniform in (-1, 1), and is then scaled to its spectral radius; W_in
and b are uniform within the input scaling. Nothing of it is a parameter; `rnnzoo.fit_readout` fits the read-out in
closed form.

Source: Jaeger, "The 'Echo State' Approach to Analysing and Training Recurrent Neural Networks", GMD Report 148, 2001;
the leak a from Jaeger, Lukoševičius, Popovici, Siewert, Neural Networks 20(3), 2007. Feedback of the read-out's own
output is left out: it would make the states depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_between, check_positive, check_sizes
from rnnzoo.layers._nonlinearities import nonlinearity as chosen
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS

FIXED = "the reservoir is fixed: it has no parameters"


def _update(z: Tensor, _: None, h: Tensor, *, leak: float, function: Callable[[Tensor], Tensor]) -> tuple[Tensor]:
    return ((1 - leak) * h + leak * function(z[..., 0, :]),)


@LAYERS.register(
    "esn",
    class_name="ESN",
    paper=Paper(
        "The 'Echo State' Approach to Analysing and Training Recurrent Neural Networks",
        "Herbert Jaeger",
        2001,
        "https://www.ai.rug.nl/minds/uploads/EchoStatesTechRep.pdf",
    ),
    kind="gated",
    description="echo-state network: a fixed random reservoir whose linear read-out alone is trained",
    tiny={"input_size": 3, "hidden_size": 8, "sparsity": 0.5, "leak": 0.7},
    oracle="tests/oracles/esn.py",
    exportable=True,
    double_backward=True,
    exemptions={"parameters_get_gradients": FIXED, "autocast_is_finite": FIXED + " to ask the gradients of"},
)
class ESN(OneBiasCell):
    """Echo-state network. Gradients pass through it to its input; the weights are buffers, and no optimiser sees them.

    With a spectral radius below 1 its state forgets, in practice, where it began; that it does for every input is sure
    only where the largest singular value of W is below 1.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the width of the state and of the output.
        spectral_radius: the size of W's largest eigenvalue, 0 or more.
        leak: a, above 0, to 1.
        input_scaling: the bound of W_in and b, above 0.
        sparsity: the share of W that is zero, from 0 to below 1; each unit keeps at least one connection.
        nonlinearity: f, "tanh" or "identity".
        bias: whether there is b.
        device, dtype: of the weights; W_in is ``weight_ih`` (H, I), W ``weight_hh`` (H, H), b ``bias_ih`` (H,).

    Raises:
        ValueError: a size below 1, or a number outside its range.
        UnknownName: no such nonlinearity.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        spectral_radius: float = 0.9,
        leak: float = 1.0,
        input_scaling: float = 1.0,
        sparsity: float = 0.9,
        nonlinearity: Literal["tanh", "identity"] = "tanh",
        **common: Any,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        check_between(0, float("inf"), spectral_radius=spectral_radius)
        check_positive(leak=leak, input_scaling=input_scaling)
        check_between(0, 1, leak=leak, sparsity=sparsity)
        if sparsity == 1:
            raise ValueError("sparsity is 1; expected a number from 0 to below 1: W needs connections.")
        self.spectral_radius, self.leak, self.input_scaling = spectral_radius, leak, input_scaling
        self.sparsity, self.nonlinearity = sparsity, nonlinearity
        update = partial(_update, leak=leak, function=chosen(nonlinearity, ("tanh", "identity")))
        self.stages = (Stage("h", 1, 1, update, ("h",), ("h",), summed=True),)
        super().__init__(input_size, hidden_size, **common)
        for name in list(self._parameters):
            drawn = getattr(self, name)
            delattr(self, name)
            self.register_buffer(name, None if drawn is None else drawn.data)

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """W_in, b and W as the equations say."""
        H = self.hidden_size
        nn.init.uniform_(self.weight_ih, -self.input_scaling, self.input_scaling)
        if self.bias_ih is not None:
            nn.init.uniform_(self.bias_ih, -self.input_scaling, self.input_scaling)
        W = torch.empty(H, H, dtype=torch.float64, device=self.weight_hh.device).uniform_(-1, 1)
        connections = max(1, round((1 - self.sparsity) * H))
        silent = torch.rand_like(W).argsort(1)[:, connections:]  # columns, for each unit anew
        W.scatter_(1, silent, 0.0)
        self.weight_hh.copy_(W * (self.spectral_radius / torch.linalg.eigvals(W).abs().max()))
