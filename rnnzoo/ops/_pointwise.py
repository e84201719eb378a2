"""A pointwise update as scalar arithmetic, and its derivative: traced once, ready to be written out in C.

An update of a gated stage works on channel j of each argument alone, so over one channel it is a small graph of scalar
operations. `trace` calls the update on tensors of one channel that hold, in the place of numbers, the numbers of
scalars in a graph: slicing and stacking move them about, arithmetic makes new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnzoo.ops._scalars import COMPARISONS, UNARY, Program, Scalars

aten = torch.ops.aten


class NotPointwise(Exception):
    """An update uses an operation that has no scalar form here; the message names it."""


def trace(update: Callable[..., tuple[Tensor, ...]], blocks: Sequence[int | None]) -> tuple[Program, Program]:
    """The update as a program, and its vector-Jacobian product as another.

    Args:
        update: maps tensors (..., blocks, N), or (..., N) where ``blocks`` has ``None``, to a tuple of (..., N).
        blocks: of each argument.

    Returns:
        The forward program; and the backward one, whose arguments are the update's and then a cotangent for each of
        its results, and whose results are the gradients of the update's arguments.

    Raises:
        NotPointwise: it does something that is not scalar arithmetic.
    """
    scalars = Scalars()

    def argument(number: int, count: int | None) -> np.ndarray:
        made = [scalars.make("input", number, block) for block in range(1 if count is None else count)]
        return np.array(made, dtype=object).reshape((1,) if count is None else (count, 1))

    given = [argument(number, count) for number, count in enumerate(blocks)]
    with torch.no_grad():
        results = update(*(Traced(scalars, numbers) for numbers in given))
    outs = []
    for result in results:
        if not isinstance(result, Traced) or result.numbers.size != 1:
            raise NotPointwise(
                f"an update gave {type(result).__name__}; expected tensors (..., N) made of its arguments"
            )
        outs.append(int(result.numbers.item()))
    cotangents = [scalars.make("input", len(blocks) + i, 0) for i in range(len(outs))]
    gradients, zero = scalars.pullback(outs, cotangents), scalars.constant(0)
    return (
        scalars.program([[out] for out in outs]),
        scalars.program([[gradients.get(int(number), zero) for number in numbers.reshape(-1)] for numbers in given]),
    )


class Traced(Tensor):
    """A tensor that holds numbers of scalars and answers every operation by making more of them."""

    numbers: np.ndarray
    scalars: Scalars

    @staticmethod
    def __new__(cls, scalars: Scalars, numbers: np.ndarray) -> Traced:
        made: Traced = Tensor._make_wrapper_subclass(cls, numbers.shape, dtype=torch.float64)
        made.numbers, made.scalars = numbers, scalars
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Do to the numbers what the operation does to tensors."""
        scalars = next(a.scalars for a in _flat(args) if isinstance(a, Traced))
        if operation not in TABLE:
            raise NotPointwise(f"{operation} has no scalar form")
        changing = {k: v for k, v in (kwargs or {}).items() if k in ("alpha", "value", "min", "max") and v is not None}
        result = TABLE[operation](_Hand(scalars), *_unwrapped(args, scalars), **changing)
        if isinstance(result, (list, tuple)):
            return [Traced(scalars, each) for each in result]
        return Traced(scalars, result)


def _flat(arguments: Any) -> list[Any]:
    return [x for a in arguments for x in (_flat(a) if isinstance(a, (list, tuple)) else [a])]


def _unwrapped(arguments: Any, scalars: Scalars) -> list[Any]:
    """The arguments with arrays of numbers for tensors; a tensor of one value is a constant."""

    def one(argument: Any) -> Any:
        if isinstance(argument, Traced):
            return argument.numbers
        if isinstance(argument, Tensor):
            if argument.numel() != 1:
                raise NotPointwise("an update holds a tensor of its own")
            return np.full(tuple(argument.shape), scalars.constant(argument.item()), dtype=object)
        return [one(each) for each in argument] if isinstance(argument, (list, tuple)) else argument

    return [one(argument) for argument in arguments]


class _Hand:
    """Applies scalar operations to whole arrays."""

    def __init__(self, scalars: Scalars) -> None:
        self.scalars = scalars

    def each(self, function: Callable[..., int], *operands: Any) -> np.ndarray:
        """``function`` of the scalars of each place; Python numbers become constants."""
        numbers = [a if isinstance(a, np.ndarray) else np.array(self.scalars.constant(a), object) for a in operands]
        arrays = np.broadcast_arrays(*numbers)
        result = np.empty(arrays[0].shape, dtype=object)
        for place in np.ndindex(result.shape):
            result[place] = function(*(array[place] for array in arrays))
        return result

    def add(self, a: Any, b: Any, *, alpha: Any = 1) -> np.ndarray:
        return self.each(self.scalars.add, a, self.multiply(b, alpha))

    def subtract(self, a: Any, b: Any, *, alpha: Any = 1) -> np.ndarray:
        return self.each(self.scalars.subtract, a, self.multiply(b, alpha))

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
        if low is not None:  # so that what is not a number stays so
            a = self.where(self.made("less", a, low), low, a)
        return a if high is None else self.where(self.made("greater", a, high), high, a)

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
        return self.divide(self.made("softplus", self.multiply(a, beta)), beta)

    def relu(self, a: Any) -> np.ndarray:
        return self.where(self.made("less_equal", a, 0), 0, a)

    def leaky_relu(self, a: Any, slope: Any = 0.01) -> np.ndarray:
        return self.where(self.made("greater", a, 0), a, self.multiply(a, slope))

    def summed(self, a: np.ndarray, dims: Sequence[int], keepdim: bool = False) -> np.ndarray:
        for dim in sorted(d % a.ndim for d in dims)[::-1]:
            if dim == a.ndim - 1:
                raise NotPointwise("a sum over channels")
            first, *rest = np.split(a, a.shape[dim], dim)
            for part in rest:
                first = self.add(first, part)
            a = first if keepdim else first.squeeze(dim)
        return a

    def full(self, shape: Sequence[int], value: Any = 0) -> np.ndarray:
        return np.full(tuple(shape), self.scalars.constant(value), dtype=object)


def _slice(_: _Hand, a: np.ndarray, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> np.ndarray:
    index: list[Any] = [slice(None)] * a.ndim
    index[dim] = slice(start, end, step)
    return a[tuple(index)]


def _split(_: _Hand, a: np.ndarray, sizes: Any, dim: int = 0) -> list[np.ndarray]:
    places = range(sizes, a.shape[dim], sizes) if isinstance(sizes, int) else np.cumsum(sizes)[:-1]
    return np.split(a, places, dim)


def _expand(_: _Hand, a: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    kept = [a.shape[i - len(shape) + a.ndim] if size == -1 else size for i, size in enumerate(shape)]
    return np.broadcast_to(a, kept)


def _same(_: _Hand, a: np.ndarray, *rest: Any) -> np.ndarray:
    return a


TABLE: dict[Any, Callable[..., Any]] = {
    aten.add.Tensor: _Hand.add, aten.add.Scalar: _Hand.add, aten.sub.Tensor: _Hand.subtract,
    aten.sub.Scalar: _Hand.subtract, aten.rsub.Scalar: lambda hand, a, b, *_: hand.subtract(b, a),
    aten.rsub.Tensor: lambda hand, a, b, *_: hand.subtract(b, a), aten.mul.Tensor: _Hand.multiply,
    aten.mul.Scalar: _Hand.multiply, aten.div.Tensor: _Hand.divide, aten.div.Scalar: _Hand.divide,
    aten.reciprocal.default: lambda hand, a: hand.divide(1, a), aten.neg.default: lambda hand, a: hand.subtract(0, a),
    aten.addcmul.default: lambda hand, a, b, c, value=1: hand.add(a, hand.multiply(b, c), alpha=value),
    aten.addcdiv.default: lambda hand, a, b, c, value=1: hand.add(a, hand.divide(b, c), alpha=value),
    aten.square.default: lambda hand, a: hand.multiply(a, a), aten.pow.Tensor_Scalar: _Hand.power,
    aten.lerp.Tensor: _Hand.lerp, aten.lerp.Scalar: _Hand.lerp, aten.relu.default: _Hand.relu,
    aten.leaky_relu.default: _Hand.leaky_relu, aten.softplus.default: _Hand.softplus,
    aten.silu.default: lambda hand, a: hand.multiply(a, hand.made("sigmoid", a)),
    aten.log_sigmoid_forward.default: lambda hand, a: [hand.subtract(0, hand.softplus(hand.subtract(0, a))), a],
    aten.clamp.default: _Hand.clamp, aten.clamp.Tensor: _Hand.clamp,
    aten.clamp_min.default: lambda hand, a, low: hand.clamp(a, low),
    aten.clamp_max.default: lambda hand, a, high: hand.clamp(a, None, high),
    aten.hardtanh.default: lambda hand, a, low=-1, high=1: hand.clamp(a, low, high),
    aten.maximum.default: lambda hand, a, b: hand.where(hand.made("less", a, b), b, a),
    aten.minimum.default: lambda hand, a, b: hand.where(hand.made("greater", a, b), b, a),
    aten.where.self: _Hand.where, aten.where.ScalarOther: _Hand.where, aten.where.ScalarSelf: _Hand.where,
    aten.masked_fill.Scalar: lambda hand, a, condition, value: hand.where(condition, value, a),
    aten.sum.dim_IntList: _Hand.summed, aten.zeros_like.default: lambda hand, a: hand.full(a.shape, 0),
    aten.ones_like.default: lambda hand, a: hand.full(a.shape, 1), aten.full_like.default: lambda hand, a, v:
    hand.full(a.shape, v), aten.new_zeros.default: lambda hand, a, shape: hand.full(shape, 0),
    aten.new_ones.default: lambda hand, a, shape: hand.full(shape, 1),
    aten.slice.Tensor: _slice, aten.split.Tensor: _split, aten.split_with_sizes.default: _split,
    aten.select.int: lambda _, a, dim, index: np.take(a, index, dim),
    aten.unbind.int: lambda _, a, dim=0: [np.take(a, i, dim) for i in range(a.shape[dim])],
    aten.stack.default: lambda _, parts, dim=0: np.stack(parts, dim),
    aten.cat.default: lambda _, parts, dim=0: np.concatenate(parts, dim),
    aten.unsqueeze.default: lambda _, a, dim: np.expand_dims(a, dim),
    aten.squeeze.dim: lambda _, a, dim: np.squeeze(a, dim), aten.view.default: lambda _, a, shape: a.reshape(shape),
    aten._unsafe_view.default: lambda _, a, shape: a.reshape(shape), aten.expand.default: _expand,
    aten.clone.default: _same, aten.detach.default: lambda hand, a: hand.made("detach", a),
    aten.alias.default: _same, aten._to_copy.default: _same,
}  # fmt: skip
TABLE |= {
    getattr(aten, name).default: lambda hand, a, name=name: hand.made(name, a) for name in UNARY if name != "softplus"
}
TABLE |= {
    getattr(getattr(aten, short), kind): lambda hand, a, b, name=name: hand.made(name, a, b)
    for short, name in zip(("lt", "le", "gt", "ge", "eq", "ne"), COMPARISONS, strict=True)
    for kind in ("Tensor", "Scalar")
}
