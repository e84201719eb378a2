"""torch's operations as scalar arithmetic: what each does to arrays that hold, for values, numbers of scalars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from rnnzoo.ops._scalars import COMPARISONS, UNARY, Followed

aten = torch.ops.aten


class NotPointwise(Exception):
    """An update uses an operation that has no scalar form here; the message names it."""


class Hand:
    """Applies scalar operations to whole arrays."""

    def __init__(self, scalars: Followed) -> None:
        self.scalars = scalars

    def each(self, function: Callable[..., int], *operands: Any) -> np.ndarray:
        """``function`` of the scalars of each place; Python numbers become constants."""
        numbers = [a if isinstance(a, np.ndarray) else np.array(self.scalars.constant(a), object) for a in operands]
        arrays = np.broadcast_arrays(*numbers)
        result = np.empty(arrays[0].shape, dtype=object)
        for place in np.ndindex(result.shape):
            result[place] = function(*(array[place] for array in arrays))
        return result

    def add(self, a: Any, b: Any, alpha: Any = 1) -> np.ndarray:
        return self.each(self.scalars.add, a, self.multiply(b, alpha))

    def subtract(self, a: Any, b: Any, alpha: Any = 1) -> np.ndarray:
        return self.each(self.scalars.subtract, a, self.multiply(b, alpha))

    def subtract_from(self, a: Any, b: Any, alpha: Any = 1) -> np.ndarray:
        return self.subtract(b, a, alpha)

    def multiply(self, a: Any, b: Any) -> np.ndarray:
        return self.each(self.scalars.multiply, a, b)

    def divide(self, a: Any, b: Any) -> np.ndarray:
        return self.each(self.scalars.divide, a, b)

    def made(self, operation: str, *operands: Any) -> np.ndarray:
        return self.each(lambda *numbers: self.scalars.make(operation, *numbers), *operands)

    def where(self, condition: Any, a: Any, b: Any) -> np.ndarray:
        return self.each(self.scalars.where, condition, a, b)

    def lerp(self, a: Any, b: Any, weight: Any) -> np.ndarray:
        return self.add(a, self.multiply(weight, self.subtract(b, a)))

    def clamp(self, a: Any, low: Any = None, high: Any = None, **named: Any) -> np.ndarray:
        low, high = named.get("min", low), named.get("max", high)
        for bound, beyond in ((low, "less"), (high, "greater")):  # so that what is not a number stays so
            if bound is not None:
                a = self.where(self.made(beyond, a, bound), bound, a)
                if isinstance(bound, np.ndarray):
                    a = self.where(self.made("unequal", bound, bound), bound, a)
        return a

    def hardtanh(self, a: Any, low: Any = -1, high: Any = 1) -> np.ndarray:
        """As clamp, and flat at the bounds themselves."""
        a = self.where(self.made("less_equal", a, low), low, a)
        return self.where(self.made("greater_equal", a, high), high, a)

    def power(self, a: Any, exponent: Any) -> np.ndarray:
        if exponent in (1, 2, 3, 4):
            result = a
            for _ in range(int(exponent) - 1):
                result = self.multiply(result, a)
            return result
        if exponent == -1:
            return self.divide(1, a)
        if exponent in (0.5, -0.5):
            return self.made("sqrt" if exponent > 0 else "rsqrt", a)
        raise NotPointwise(f"a power of {exponent} has no scalar form")

    def softplus(self, a: Any, beta: Any = 1, threshold: Any = 20) -> np.ndarray:
        scaled = self.multiply(a, beta)
        return self.where(self.made("greater", scaled, threshold), a, self.divide(self.made("softplus", scaled), beta))

    def log_sigmoid(self, a: Any) -> list[Any]:
        """And torch's buffer, which nobody reads."""
        return [self.subtract(0, self.made("softplus", self.subtract(0, a))), a]

    def relu(self, a: Any) -> np.ndarray:
        return self.where(self.made("less_equal", a, 0), 0, a)

    def leaky_relu(self, a: Any, slope: Any = 0.01) -> np.ndarray:
        return self.where(self.made("greater", a, 0), a, self.multiply(a, slope))

    def full(self, shape: Sequence[int], value: Any = 0) -> np.ndarray:
        return np.full(tuple(shape), self.scalars.constant(value), dtype=object)


def _slice(_: Hand, a: np.ndarray, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> np.ndarray:
    index: list[Any] = [slice(None)] * a.ndim
    index[dim] = slice(start, end, step)
    return a[tuple(index)]


def _split(_: Hand, a: np.ndarray, sizes: Any, dim: int = 0) -> list[np.ndarray]:
    places = range(sizes, a.shape[dim], sizes) if isinstance(sizes, int) else np.cumsum(sizes)[:-1]
    return np.split(a, places, dim)


def _squeeze(_: Hand, a: np.ndarray, dim: int) -> np.ndarray:
    return np.squeeze(a, dim) if a.shape[dim] == 1 else a


def _expand(_: Hand, a: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    kept = [a.shape[i - len(shape) + a.ndim] if size == -1 else size for i, size in enumerate(shape)]
    return np.broadcast_to(a, kept)


def _same(_: Hand, a: np.ndarray, *rest: Any) -> np.ndarray:
    return a


TABLE: dict[Any, Callable[..., Any]] = {
    aten.add.Tensor: Hand.add, aten.add.Scalar: Hand.add, aten.sub.Tensor: Hand.subtract,
    aten.sub.Scalar: Hand.subtract, aten.rsub.Scalar: Hand.subtract_from, aten.rsub.Tensor: Hand.subtract_from,
    aten.mul.Tensor: Hand.multiply, aten.mul.Scalar: Hand.multiply, aten.div.Tensor: Hand.divide,
    aten.div.Scalar: Hand.divide, aten.reciprocal.default: lambda hand, a: hand.divide(1, a),
    aten.neg.default: lambda hand, a: hand.subtract(0, a),
    aten.addcmul.default: lambda hand, a, b, c, value=1: hand.add(a, hand.multiply(b, c), value),
    aten.addcdiv.default: lambda hand, a, b, c, value=1: hand.add(a, hand.divide(b, c), value),
    aten.square.default: lambda hand, a: hand.multiply(a, a), aten.pow.Tensor_Scalar: Hand.power,
    aten.lerp.Tensor: Hand.lerp, aten.lerp.Scalar: Hand.lerp, aten.relu.default: Hand.relu,
    aten.leaky_relu.default: Hand.leaky_relu, aten.softplus.default: Hand.softplus,
    aten.silu.default: lambda hand, a: hand.multiply(a, hand.made("sigmoid", a)),
    aten.log_sigmoid_forward.default: Hand.log_sigmoid, aten.clamp.default: Hand.clamp, aten.clamp.Tensor: Hand.clamp,
    aten.clamp_min.default: Hand.clamp, aten.clamp_max.default: lambda hand, a, high: hand.clamp(a, None, high),
    aten.hardtanh.default: Hand.hardtanh, aten.where.self: Hand.where,
    aten.masked_fill.Scalar: lambda hand, a, condition, value: hand.where(condition, value, a),
    aten.zeros_like.default: lambda hand, a: hand.full(a.shape, 0),
    aten.ones_like.default: lambda hand, a: hand.full(a.shape, 1),
    aten.full_like.default: lambda hand, a, value: hand.full(a.shape, value),
    aten.new_zeros.default: lambda hand, a, shape: hand.full(shape, 0),
    aten.new_ones.default: lambda hand, a, shape: hand.full(shape, 1),
    aten.slice.Tensor: _slice, aten.split.Tensor: _split, aten.split_with_sizes.default: _split,
    aten.select.int: lambda _, a, dim, index: np.take(a, index, dim),
    aten.unbind.int: lambda _, a, dim=0: [np.take(a, i, dim) for i in range(a.shape[dim])],
    aten.stack.default: lambda _, parts, dim=0: np.stack(parts, dim),
    aten.cat.default: lambda _, parts, dim=0: np.concatenate(parts, dim),
    aten.unsqueeze.default: lambda _, a, dim: np.expand_dims(a, dim), aten.squeeze.dim: _squeeze,
    aten.view.default: lambda _, a, shape: a.reshape(shape), aten.expand.default: _expand,
    aten._unsafe_view.default: lambda _, a, shape: a.reshape(shape), aten._to_copy.default: _same,
    aten.clone.default: _same, aten.alias.default: _same, aten.detach.default: lambda hand, a: hand.made("detach", a),
}  # fmt: skip
TABLE |= {
    getattr(aten, name).default: lambda hand, *operands, name=name: hand.made(name, *operands)
    for name in (*UNARY, "maximum", "minimum")
    if name != "softplus"
}
COMPARING = {
    getattr(getattr(aten, short), kind): lambda hand, a, b, name=name: hand.made(name, a, b)
    for short, name in zip(("lt", "le", "gt", "ge", "eq", "ne"), COMPARISONS, strict=True)
    for kind in ("Tensor", "Scalar")
}
TABLE |= COMPARING
MOVING = {
    aten.slice.Tensor, aten.split.Tensor, aten.split_with_sizes.default, aten.select.int, aten.unbind.int,
    aten.stack.default, aten.cat.default, aten.unsqueeze.default, aten.squeeze.dim, aten.view.default,
    aten._unsafe_view.default, aten.expand.default, aten.clone.default, aten.detach.default, aten.alias.default,
}  # fmt: skip
"""What moves numbers about and makes none."""
CONSTANTS = {
    aten.lift_fresh.default, aten.detach_.default, aten.scalar_tensor.default, aten.zeros.default, aten.ones.default,
    aten.full.default,
}  # fmt: skip
"""What a constant is made by."""
