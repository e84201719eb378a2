"""S4: a bank of state spaces, one for each channel, whose matrix is diagonal but for a part of rank one.

For each of H channels, with u_t its input; Lambda, P, B, C (N / 2,) hold one of each conjugate pair of N numbers:
h' = A h + B u,  A = Lambda - P P*,  Lambda = -exp(log_A_real) + i A_imag          P P* is over all N numbers
h_t = (I - dt/2 A)^-1 ((I + dt/2 A) h_{t-1} + dt B u_t)                            the bilinear rule
y_t = 2 Re(sum_n C_n h_t,n) + D u_t

At first Lambda, P, B are those of the HiPPO-LegS matrix, in the basis in which its normal part is diagonal.

With K = (I - dt/2 Lambda)^-1 the inverse of a step is K r - (dt/2) K P s, where by Woodbury's identity
s = P* K r / (1 + dt/2 P* K P), so that a step takes N operations and not N^2.

Source: Gu, Goel, Ré, "Efficiently Modeling Long Sequences with Structured State Spaces", ICLR 2022, arXiv 2111.00396,
appendix C. The two vectors of the low-rank part are one, which keeps A stable: Goel, Gu, Donahue, Ré, arXiv 2202.09729.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper, State
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._products import product
from rnnzoo.layers._state_space import check_pairs, check_steps, draw_log_steps, hippo_normal
from rnnzoo.layers._stepped import SteppedCell
from rnnzoo.ops.backends import resolve
from rnnzoo.ops.chunked_state_space import chunked_state_space
from rnnzoo.ops.pairs import conjugate, divided, pair, times
from rnnzoo.ops.ragged import zero_padding
from rnnzoo.registry import LAYERS


@LAYERS.register(
    "s4",
    class_name="S4",
    paper=Paper(
        "Efficiently Modeling Long Sequences with Structured State Spaces",
        "Albert Gu, Karan Goel, Christopher Ré",
        2022,
        "https://arxiv.org/abs/2111.00396",
    ),
    kind="other",
    description="for each channel a HiPPO state space, diagonal plus rank one; runs by powers of its dense step",
    tiny={"input_size": 3, "hidden_size": 4, "state_size": 6},
    oracle="tests/oracles/s4.py",
    parallel=True,
    exportable=True,
    double_backward=True,
)
class S4(SteppedCell):
    """S4: the state spaces alone. The authors' layer has an activation and a mixing of its channels behind it.

    It maps H channels to H channels; where I is not H, a linear projection of the input stands in front. No parameter
    makes a state grow. The authors train by a convolution whose kernel is a sum of Cauchy products, which has no state
    to begin or end with. Here ("torch") chunks of time are products with powers of a step's dense matrix, as
    ``ops/chunked_state_space.py`` says, which is as exact and linear in time too; "reference" is the loop of steps.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the channels, and the width of the output.
        bias: whether the projection of the input, if there is one, has a bias.
        state_size: N, the numbers of each channel's state with their conjugates; even.
        dt_min, dt_max: the range of the step sizes at first.
        device, dtype: of the parameters; ``log_dt`` and ``D`` (H,); ``log_A_real`` and ``A_imag`` (H, N / 2); ``P``,
            ``B`` and ``C`` (H, N / 2, 2), pairs; where I is not H also ``weight_ih`` (H, I) and ``bias_ih`` (H,). The
            state is (H, N / 2, 2), pairs. None but C and the projection decays.

    Raises:
        ValueError: a size below 1, an odd state, or no range of step sizes.
    """

    backends = ("reference", "torch")
    undecayed = ("log_dt", "log_A_real", "A_imag", "P", "B", "D")
    weight_ih: nn.Parameter
    bias_ih: nn.Parameter | None
    log_dt: nn.Parameter
    log_A_real: nn.Parameter
    A_imag: nn.Parameter
    P: nn.Parameter
    B: nn.Parameter
    C: nn.Parameter
    D: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        state_size: int = 64,
        dt_min: float = 0.001,
        dt_max: float = 0.1,
        **common: Any,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.pairs = check_pairs(state_size)
        check_steps(dt_min, dt_max)
        self.state_size, self.dt_min, self.dt_max = state_size, dt_min, dt_max
        self.shapes = {"h": (hidden_size, self.pairs, 2)}
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The projection, where there is one, then the state space."""
        H, n = self.hidden_size, self.pairs
        shapes: dict[str, tuple[int, ...]] = {}
        if self.input_size != H:
            shapes = {"weight_ih": (H, self.input_size)} | ({"bias_ih": (H,)} if self.bias else {})
        shapes |= {"log_dt": (H,), "log_A_real": (H, n), "A_imag": (H, n)}
        return shapes | dict.fromkeys(("P", "B", "C"), (H, n, 2)) | {"D": (H,)}

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """HiPPO-LegS in every channel; dt log-uniform; C normal of variance 1, D too; the projection as torch's."""
        eigenvalues, _, B = hippo_normal(self.state_size)
        draw_log_steps(self.log_dt, self.dt_min, self.dt_max)
        self.log_A_real.fill_(math.log(0.5))
        self.A_imag.copy_(eigenvalues.imag)
        self.B.copy_(torch.view_as_real(B))
        self.P.copy_(torch.view_as_real(B) / math.sqrt(2))  # sqrt(n + 1/2) and sqrt(2 n + 1) in the same basis
        nn.init.normal_(self.C, std=math.sqrt(0.5))
        nn.init.normal_(self.D)
        for name in ("weight_ih", "bias_ih"):
            if name in self._parameters:
                nn.init.uniform_(getattr(self, name), -(self.input_size**-0.5), self.input_size**-0.5)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The groups of an optimiser's parameters that need settings of their own: those that do not decay."""
        return [{"params": [getattr(self, name) for name in self.undecayed], "weight_decay": 0.0}]

    def hoist(self, x: Tensor) -> tuple[Tensor]:
        """The channels' inputs u (B, T, H)."""
        if self.input_size == self.hidden_size:
            return (x.to(self.D.dtype),)
        return (product(x, self.weight_ih, self._parameters.get("bias_ih")),)

    def prepare(self) -> tuple[Tensor, ...]:
        """dt (H, 1, 1); Lambda, K, P, B, C (H, N / 2, 2), pairs; 1 + dt/2 P* K P (H, 1, 1)."""
        wide = torch.promote_types(self.D.dtype, torch.float32)
        dt = torch.exp(self.log_dt.to(wide))[:, None, None]
        Lambda = pair(-torch.exp(self.log_A_real.to(wide)), self.A_imag.to(wide))
        P, B, C = self.P.to(wide), self.B.to(wide), self.C.to(wide)
        one = pair(torch.ones_like(P[..., 0]), torch.zeros_like(P[..., 0]))
        K = divided(one, one - dt / 2 * Lambda)
        return dt, Lambda, K, P, B, C, 1 + dt * (P * times(K, P)).sum((-2, -1), keepdim=True)

    def stepped(self, h: Tensor, u: Tensor | None, prepared: tuple[Tensor, ...]) -> Tensor:
        """The state (..., H, N / 2, 2) after a step from h with input u (..., H); Re(P* h) is the pairs' product."""
        dt, Lambda, K, P, B, _, scale = prepared
        seen = 2 * (P * h).sum((-2, -1), keepdim=True)  # P* h, over all N numbers
        r = h + dt / 2 * (times(Lambda, h) - P * seen)
        z = times(K, r if u is None else r + dt * B * u[..., None, None])
        s = 2 * (P * z).sum((-2, -1), keepdim=True) / scale
        return z - dt / 2 * times(K, P) * s

    def advance(self, now: tuple[Tensor, ...], state: State, prepared: tuple[Any, ...]) -> tuple[Tensor, State]:
        """One step, by the equations."""
        (u,), C = now, prepared[5]
        h = self.stepped(state[0].to(C.dtype), u, prepared)
        y = 2 * (conjugate(C) * h).sum((-2, -1))  # 2 Re(C h) (B, H)
        return y.to(u.dtype) + self.D * u, (h.to(state[0].dtype),)

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """The whole sequence, as `SteppedCell`; by default in chunks."""
        backend = resolve(self.backend, self.backends, "torch", type(self).__name__)
        if backend == "reference":
            return super().forward(x, state, lengths)
        state = self._checked(x, state, lengths)
        (u,) = self.hoist(x if lengths is None else zero_padding(x, lengths))  # (B, T, H)
        device = x.device.type
        autocast = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
        with torch.autocast(device, enabled=False) if autocast else nullcontext():
            step, into, out = self.dense()
            wide = u.to(step.dtype)
            y, final = chunked_state_space(step, into, out, wide, state[0].flatten(-2).to(step.dtype), lengths)
            y = y.to(self.D.dtype) + self.D * u
        self.last_backend = backend
        y = y if lengths is None else zero_padding(y, lengths)
        return y, (final.unflatten(-1, (-1, 2)).to(state[0].dtype if not autocast else self.D.dtype),)

    def dense(self) -> tuple[Tensor, Tensor, Tensor]:
        """A step as real matrices of pairs: of the state (H, N, N), of the input (H, N), of the output (H, N)."""
        prepared = self.prepare()
        C = prepared[5]
        axes = torch.eye(self.state_size, dtype=C.dtype, device=C.device).unflatten(1, (-1, 2))  # (N, N / 2, 2)
        start = axes.unsqueeze(1).expand(-1, self.hidden_size, -1, -1)  # (N, H, N / 2, 2)
        columns = self.stepped(start, None, prepared).flatten(-2)  # (N, H, N)
        into = self.stepped(torch.zeros_like(C), torch.ones_like(C[:, 0, 0]), prepared).flatten(-2)  # (H, N)
        out = 2 * conjugate(C).flatten(-2)  # 2 Re(C h) = sum of (Re C, -Im C) (Re h, Im h)
        return columns.permute(1, 2, 0), into, out
