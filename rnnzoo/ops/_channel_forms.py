"""torch's sums, means, norms and softmaxes over channels as scalars: what each does to arrays of numbers of scalars.

An update is followed over a few channels (``_pointwise.py``), so a sum over them has the scalars of all of them as its
arguments; `_channels.of_one_channel` then sees that they are one scalar's at each channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from rnnzoo.ops._scalar_forms import TABLE, Hand, NotPointwise

aten = torch.ops.aten

WORDS = {"sum_channels": "sum", "max_channels": "maximum", "cumsum_channels": "cumulative sum"}


def summed(hand: Hand, a: np.ndarray, dims: Sequence[int], keepdim: bool = False) -> np.ndarray:
    """The sum over blocks, over channels, or over both."""
    return _reduced(hand, a, dims, keepdim, hand.add, "sum_channels")


def mean(hand: Hand, a: np.ndarray, dims: Sequence[int], keepdim: bool = False) -> np.ndarray:
    """The sum over how many there are."""
    return hand.divide(summed(hand, a, dims, keepdim), _count(hand, a, dims))


def variance(
    hand: Hand, a: np.ndarray, dims: Sequence[int], keepdim: bool = False, correction: float = 1
) -> np.ndarray:
    """Around a mean that takes no gradient: what it would take, the sum of all distances from it, is zero."""
    centred = hand.subtract(a, hand.made("detach", mean(hand, a, dims, True)))
    squares = summed(hand, hand.multiply(centred, centred), dims, keepdim)
    return hand.divide(squares, hand.subtract(_count(hand, a, dims), correction))


def layer_norm(hand: Hand, a: np.ndarray, shape: Sequence[int], weight: Any, bias: Any, eps: float) -> list[np.ndarray]:
    """And the mean and the inverse of the deviation."""
    dims = tuple(range(a.ndim - len(shape), a.ndim))
    middle = mean(hand, a, dims, True)
    inverse = hand.made("rsqrt", hand.add(variance(hand, a, dims, True, 0), eps))
    normed = hand.multiply(hand.subtract(a, middle), inverse)
    normed = normed if weight is None else hand.multiply(normed, weight)
    return [normed if bias is None else hand.add(normed, bias), middle, inverse]


def softmax(hand: Hand, a: np.ndarray, dim: int, _: bool = False) -> np.ndarray:
    """Of distances from the largest, so that no exponential is infinite."""
    e = hand.made("exp", hand.subtract(a, _largest(hand, a, dim)))
    return hand.divide(e, summed(hand, e, [dim], True))


def log_softmax(hand: Hand, a: np.ndarray, dim: int, _: bool = False) -> np.ndarray:
    """What is left of each after the logarithm of the sum of exponentials."""
    return hand.subtract(a, logsumexp(hand, a, [dim], True))


def logsumexp(hand: Hand, a: np.ndarray, dims: Sequence[int], keepdim: bool = False) -> np.ndarray:
    """The largest, and the logarithm of the sum of exponentials of distances from it."""
    (dim,) = dims
    largest = _largest(hand, a, dim)
    total = summed(hand, hand.made("exp", hand.subtract(a, largest)), [dim], True)
    found = hand.add(largest, hand.made("log", total))
    return found if keepdim else found.squeeze(dim)


def cumsum(hand: Hand, a: np.ndarray, dim: int) -> np.ndarray:
    """Over blocks, or over the channels of each block."""
    if dim % a.ndim < a.ndim - 1:
        parts = np.split(a, a.shape[dim], dim)
        for i in range(1, len(parts)):
            parts[i] = hand.add(parts[i - 1], parts[i])
        return np.concatenate(parts, dim)
    if a.shape[-1] != hand.scalars.channels:
        raise NotPointwise("a cumulative sum over what is no block of channels")
    each = [_over(hand, "cumsum_channels", row, j) for row in a.reshape(-1, a.shape[-1]) for j in range(a.shape[-1])]
    return np.array(each, dtype=object).reshape(a.shape)


def _largest(hand: Hand, a: np.ndarray, dim: int) -> np.ndarray:
    """Without a derivative: only for what it does not change."""
    found = _reduced(hand, a, [dim], True, lambda x, y: hand.made("maximum", x, y), "max_channels")
    return hand.made("detach", found)


def _reduced(
    hand: Hand, a: np.ndarray, dims: Sequence[int], keepdim: bool, pair: Callable[..., np.ndarray], operation: str
) -> np.ndarray:
    """``pair`` over blocks, first, and then the operation over channels."""
    if not dims:
        raise NotPointwise("a sum over all dimensions, which are the batch's too")
    reduced = sorted(dim % a.ndim for dim in dims)
    for dim in reduced:
        parts = [a]
        if dim < a.ndim - 1:
            parts = np.split(a, a.shape[dim], dim)
        elif a.shape[-1] > 1:
            if a.shape[-1] % hand.scalars.channels:
                raise NotPointwise("a sum over some of the channels")
            parts = np.split(a, a.shape[-1] // hand.scalars.channels, -1)
        first, *rest = parts
        for part in rest:
            first = pair(first, part)
        a = first
        if dim == a.ndim - 1 and a.shape[-1] > 1:
            each = [_over(hand, operation, row) for row in a.reshape(-1, a.shape[-1])]
            a = np.array(each, dtype=object).reshape(*a.shape[:-1], 1)
    return a if keepdim else a.squeeze(tuple(reduced))


def _over(hand: Hand, operation: str, row: np.ndarray, channel: int | None = None) -> int:
    if not hand.scalars.mixing:
        raise NotPointwise(f"a {WORDS[operation]} over channels")
    return hand.scalars.make(operation, channel, *row)


def _count(hand: Hand, a: np.ndarray, dims: Sequence[int]) -> np.ndarray:
    """How many numbers a sum over these dimensions has: a multiple of the number of channels, where it is over them."""
    count = hand.full((), 1)
    for dim in dims:
        size = a.shape[dim]
        if dim % a.ndim == a.ndim - 1 and size > 1:
            count = hand.multiply(count, np.array(hand.scalars.make("channels"), object))
            size //= hand.scalars.channels
        count = hand.multiply(count, size)
    return count


TABLE |= {
    aten.sum.dim_IntList: summed, aten.mean.dim: mean, aten.var.correction: variance,
    aten.native_layer_norm.default: layer_norm, aten._softmax.default: softmax,
    aten._log_softmax.default: log_softmax, aten.logsumexp.default: logsumexp, aten.cumsum.default: cumsum,
}  # fmt: skip
