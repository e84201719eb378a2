"""Elementary functions of float32 numbers in Triton, and a meeting of programs; imports Triton, so import it late.

Triton's own tanh, log1p and expm1 are CUDA's library, which its interpreter does not have, so they are made here of exp
and log. What is not a number stays so.
"""

from __future__ import annotations

import triton
import triton.language as tl

__all__ = [
    "expm1_", "log1p_", "maximum_", "meet", "minimum_", "product", "sigmoid_", "sign_", "softplus_", "tanh_",
]  # fmt: skip


@triton.jit
def sigmoid_(x):
    """1 / (1 + e^-x)."""
    return 1.0 / (1.0 + tl.exp(-x))


@triton.jit
def expm1_(x):
    """e^x - 1, by its Taylor series where x is small."""
    z = tl.where(tl.abs(x) < 0.5, x, 0.0)
    p = 1.0 + z * (1.0 / 9)
    p = 1.0 + z * (1.0 / 8) * p
    p = 1.0 + z * (1.0 / 7) * p
    p = 1.0 + z * (1.0 / 6) * p
    p = 1.0 + z * (1.0 / 5) * p
    p = 1.0 + z * (1.0 / 4) * p
    p = 1.0 + z * (1.0 / 3) * p
    p = 1.0 + z * (1.0 / 2) * p
    return tl.where(tl.abs(x) < 0.5, z * p, tl.exp(x) - 1.0)


@triton.jit
def tanh_(x):
    """(e^2x - 1) / (e^2x + 1), of |x| so that nothing overflows: exact to rounding also where x is small."""
    e = expm1_(-2.0 * tl.abs(x))
    magnitude = -e / (e + 2.0)
    return tl.where(x < 0, -magnitude, magnitude)


@triton.jit
def log1p_(x):
    """log(1 + x), corrected for what 1 + x rounds away."""
    u = 1.0 + x
    d = u - 1.0
    exact = (d == x) | (d == 0.0)
    corrected = tl.log(u) * (x / tl.where(exact, 1.0, d))
    return tl.where(d == x, tl.log(u), tl.where(d == 0.0, x, corrected))


@triton.jit
def softplus_(x):
    """log(1 + e^x), without torch's threshold."""
    return tl.where(x > 0, x, x * 0.0) + log1p_(tl.exp(-tl.abs(x)))


@triton.jit
def sign_(x):
    """1, -1 or 0."""
    return tl.where(x > 0, 1.0, tl.where(x < 0, -1.0, 0.0))


@triton.jit
def maximum_(x, y):
    """The larger; what is not a number wins."""
    return tl.where((x < y) | (y != y), y, x)


@triton.jit
def minimum_(x, y):
    """The smaller; what is not a number wins."""
    return tl.where((x > y) | (y != y), y, x)


@triton.jit
def product(x, w, total, precision: tl.constexpr, wide: tl.constexpr):
    """total (M, N) + x (M, K) @ w (K, N).

    Args:
        x, w: of one dtype; what half precision multiplies is added up in float32.
        total: float32.
        precision: of a product of float32: "tf32", or "tf32x3" for three of them, which give its own.
        wide: half precision is multiplied as float32; Triton's interpreter cannot multiply bfloat16.
    """
    if wide:
        return tl.dot(x.to(tl.float32), w.to(tl.float32), total, input_precision=precision)
    else:
        return tl.dot(x, w, total, input_precision=precision)


@triton.jit
def meet(arrived, expected, many: tl.constexpr):
    """Wait until every program of a group has come here, and see what each has written before.

    Args:
        arrived: how often programs of the group have come to a meeting so far.
        expected: how often they will have when all have come to this one.
        many: whether the group is more than one program; else it is the threads of one that wait for each other.
    """
    tl.debug_barrier()
    if many:
        tl.atomic_add(arrived, 1, sem="release", scope="gpu")
        while tl.atomic_add(arrived, 0, sem="acquire", scope="gpu") < expected:
            pass
        tl.debug_barrier()
