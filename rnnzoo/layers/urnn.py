"""The unitary evolution RNN: a network of complex numbers whose recurrent matrix is a product of simple unitary ones.

W = D_3 R_2 F^-1 D_2 P R_1 F D_1
    D_k = diag(exp(i theta_k))            F: the discrete Fourier transform, divided by sqrt(H)
    R_k = I - 2 v_k v_k* / |v_k|^2        P: a permutation, drawn once and kept
h_t = modReLU(V x_t + b + W h_{t-1})      modReLU(z) = max(0, |z| + c) z / |z|, c real

Source: Arjovsky, Shah, Bengio, "Unitary Evolution Recurrent Neural Networks", ICML 2016, arXiv 1511.06464, section 4.
The authors' code (amarshah/complex_RNN) leaves F out in one version, and scales the rows of W by learned numbers; the
paper has F, and no such scale. The paper has no b (``bias=False``).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import Paper
from rnnzoo.layers._checks import check_sizes
from rnnzoo.layers._modrelu import complex_modrelu
from rnnzoo.layers._one_bias import OneBiasCell
from rnnzoo.ops.gated import Stage
from rnnzoo.registry import LAYERS


def _update(z: Tensor, _: None, c: Tensor) -> tuple[Tensor]:
    part, other = z.unbind(-2)  # (..., 2H) each: real parts and imaginary ones; the other of each
    return (complex_modrelu(part, other, c),)


@LAYERS.register(
    "urnn",
    class_name="URNN",
    paper=Paper(
        "Unitary Evolution Recurrent Neural Networks",
        "Martin Arjovsky, Amar Shah, Yoshua Bengio",
        2016,
        "https://arxiv.org/abs/1511.06464",
    ),
    kind="gated",
    description="complex network whose recurrent matrix is a product of reflections, Fourier transforms and phases",
    tiny={"input_size": 3, "hidden_size": 4},
    oracle="tests/oracles/urnn.py",
    exportable=True,
    double_backward=True,
)
class URNN(OneBiasCell):
    """Unitary evolution RNN of H complex units; its state and its output hold H real parts, then H imaginary ones.

    W is worked out once a call, in double precision, and multiplied as one matrix: its 7 H parameters make its gradient
    cheap to store, not its product. So that a unit's modReLU has both parts at each channel, each of them is computed
    beside the other too. The authors learn the initial state; here it is zero unless given.

    Args:
        input_size: I, the width of the input.
        hidden_size: H, the number of complex units; the state and the output are 2H wide.
        bias: whether there is b (``bias_ih``).
        device, dtype: of the parameters; V is ``weight_ih`` (2H, I), b ``bias_ih`` (2H,), ``theta`` (3, H), v
            ``reflection`` (2, 2H), c ``modrelu_bias`` (H,), real parts before imaginary ones everywhere. P is the
            buffer ``permutation`` (H,): component n of P h is component permutation[n] of h.

    Raises:
        ValueError: a size below 1.
    """

    theta: nn.Parameter
    reflection: nn.Parameter
    modrelu_bias: nn.Parameter
    permutation: Tensor

    def __init__(self, input_size: int, hidden_size: int, **common: Any) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        self.sizes = {"h": 2 * hidden_size}
        self.stages = (Stage("h", 2, 2, _update, ("modrelu_bias",), ("h",), summed=True, size=2 * hidden_size),)
        super().__init__(input_size, hidden_size, **common)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """V, theta, v and c, and b if there is one."""
        H = self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (2 * H, self.input_size), "theta": (3, H)}
        shapes |= {"reflection": (2, 2 * H), "modrelu_bias": (H,)}
        return shapes | ({"bias_ih": (2 * H,)} if self.bias else {})

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """As the paper: V by Glorot's rule, theta uniform in (-pi, pi), v in (-1, 1), c (and b) zero; P drawn."""
        H = self.hidden_size
        bound = math.sqrt(6 / (self.input_size + H))
        nn.init.uniform_(self.weight_ih, -bound, bound)
        nn.init.uniform_(self.theta, -math.pi, math.pi)
        nn.init.uniform_(self.reflection, -1, 1)
        for bias in (self.modrelu_bias, self.bias_ih):
            if bias is not None:
                nn.init.zeros_(bias)
        self.register_buffer("permutation", torch.randperm(H, device=self.theta.device))

    def unitary(self) -> Tensor:
        """W (H, H), complex128: what it does to the columns of the identity."""
        phases = torch.polar(torch.ones_like(self.theta, dtype=torch.float64), self.theta.double()).unsqueeze(-1)
        v = torch.complex(*self.reflection.double().chunk(2, -1)).unsqueeze(-1)  # (2, H, 1)

        def reflected(M: Tensor, k: int) -> Tensor:
            return M - 2 / v[k].abs().square().sum() * (v[k] @ (v[k].mH @ M))

        M = torch.diag(phases[0, :, 0])
        M = reflected(torch.fft.fft(M, dim=0, norm="ortho"), 0)
        M = torch.fft.ifft(phases[1] * M[self.permutation], dim=0, norm="ortho")
        return phases[2] * reflected(M, 1)

    def recurrent_weights(self) -> tuple[list[Tensor | None], list[Tensor | None]]:
        """W as a real matrix (2H, 2H), and below it the same with the other part in each place."""
        W = self.unitary()
        real, imaginary = torch.cat((W.real, -W.imag), 1), torch.cat((W.imag, W.real), 1)  # (H, 2H)
        return [torch.cat((real, imaginary, imaginary, real)).to(self.theta.dtype)], [None]

    def input_weight(self) -> Tensor:
        """V (2H, I), and below it the same with the other part in each place."""
        return torch.cat((self.weight_ih, self.weight_ih.roll(self.hidden_size, 0)))

    def input_bias(self) -> Tensor | None:
        """b likewise."""
        return None if self.bias_ih is None else torch.cat((self.bias_ih, self.bias_ih.roll(self.hidden_size)))

    def vector_weights(self) -> dict[str, Tensor]:
        """c for the real parts and for the imaginary ones."""
        return {"modrelu_bias": self.modrelu_bias.repeat(2)}
