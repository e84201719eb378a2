"""A convolution over a few steps, each channel by itself, and SiLU: what stands before Mamba's recurrence and others'.

In torch every tap is an operation of its own, forward and back; native code (``c/short_convolution.c``) takes a block
of channels through time and reads every number once.

Source: Gu, Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023, arXiv 2312.00752, figure 3.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import silu

from rnnzoo.ops._c_short_convolution import ShortConvolutionC, find_short_convolution
from rnnzoo.ops._own import HALF, choose_own, untransformed
from rnnzoo.ops.window import depthwise_convolution


def short_convolution(x: Tensor, weight: Tensor, bias: Tensor | None = None, backend: str | None = None) -> Tensor:
    """silu(p), p_t = sum_j weight[:, j] * x_{t - (k - 1) + j} + bias; the last tap is the step's own.

    Args:
        x: (B, k - 1 + T, C), as ``ops.window.extend`` gives it.
        weight: (C, k).
        bias: (C,).
        backend: "torch", "c", for numbers of one dtype, or ``None`` to have it chosen; both are doubly differentiable.

    Returns:
        (B, T, C).

    Raises:
        ValueError: the shapes do not fit.
        BackendError: ``backend`` cannot run this.
    """
    if x.dim() != 3 or weight.dim() != 2 or weight.shape[0] != x.shape[2] or x.shape[1] < weight.shape[1]:
        raise ValueError(
            f"x has shape {tuple(x.shape)} and weight {tuple(weight.shape)}; expected (batch, k - 1 + time, channels), "
            "with at least one step of time, and (channels, k)."
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bias has shape {tuple(bias.shape)}; expected ({weight.shape[0]},).")
    given = [tensor for tensor in (x, weight, bias) if tensor is not None]
    alike = all(tensor.dtype == x.dtype for tensor in given)
    if (
        choose_own(
            backend if alike else backend or "torch", x, "short_convolution", c=untransformed(find_short_convolution)
        )
        != "c"
    ):
        return by_taps(x, weight, bias)
    if x.dtype in HALF:
        given = [tensor.float() for tensor in given]
    built = find_short_convolution(x.device.type, given[0].dtype)
    return ShortConvolutionC.apply(built, given[0], given[1], given[2] if bias is not None else None).to(x.dtype)


def by_taps(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The definition, an operation a tap; arguments and result as `short_convolution`'s."""
    return silu(depthwise_convolution(x, weight, bias))
