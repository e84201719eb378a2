"""Scalar arithmetic as a graph: made, simplified, differentiated and cut down to what a result needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

COMPARISONS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "unequal": "!="}
"""Their derivative is zero everywhere, as that of "sign"."""
UNARY = ("sigmoid", "tanh", "exp", "log", "log1p", "expm1", "sqrt", "rsqrt", "abs", "sign", "sin", "cos", "softplus")


class Scalar(NamedTuple):
    """One operation: "input", with the argument's number and its block; "constant"; or one by name."""

    operation: str
    arguments: tuple[Any, ...]  # numbers of scalars; of an input or a constant, what it is


class Program(NamedTuple):
    """Scalars, each after its arguments, and the blocks of each result by their numbers; ``None`` for zero."""

    scalars: list[Scalar]
    results: list[list[int | None]]


class Scalars:
    """A graph that grows; each expression is in it once, and sums and products with 0 and 1 are done at once."""

    def __init__(self) -> None:
        self.made: list[Scalar] = []
        self._number: dict[Scalar, int] = {}

    def make(self, operation: str, *arguments: Any) -> int:
        """The number of this operation's result."""
        scalar = Scalar(operation, arguments)
        if scalar not in self._number:
            self._number[scalar] = len(self.made)
            self.made.append(scalar)
        return self._number[scalar]

    def constant(self, value: Any) -> int:
        """The number of a constant."""
        return self.make("constant", float(value))

    def known(self, number: int) -> float | None:
        """The value of a constant; ``None`` for what is none."""
        scalar = self.made[number]
        return scalar.arguments[0] if scalar.operation == "constant" else None

    def add(self, a: int, b: int) -> int:
        """a + b."""
        x, y = self.known(a), self.known(b)
        if x is not None and y is not None:
            return self.constant(x + y)
        if x == 0:
            return b
        return a if y == 0 else self.make("add", *sorted((a, b)))

    def subtract(self, a: int, b: int) -> int:
        """a - b."""
        x, y = self.known(a), self.known(b)
        if x is not None and y is not None:
            return self.constant(x - y)
        if y == 0:
            return a
        return self.negate(b) if x == 0 else self.make("subtract", a, b)

    def negate(self, a: int) -> int:
        """-a."""
        x = self.known(a)
        return self.make("negate", a) if x is None else self.constant(-x)

    def multiply(self, a: int, b: int) -> int:
        """a * b; zero, where one of them is the constant zero."""
        x, y = self.known(a), self.known(b)
        if x is not None and y is not None:
            return self.constant(x * y)
        if x == 0 or y == 0:
            return self.constant(0)
        if x == 1:
            return b
        return a if y == 1 else self.make("multiply", *sorted((a, b)))

    def divide(self, a: int, b: int) -> int:
        """a / b; zero, where a is the constant zero."""
        x, y = self.known(a), self.known(b)
        if x is not None and y:
            return self.constant(x / y)
        return a if x == 0 or y == 1 else self.make("divide", a, b)

    def where(self, condition: int, a: int, b: int) -> int:
        """a where the condition holds, else b."""
        return a if a == b else self.make("where", condition, a, b)

    def pullback(self, results: Sequence[int], cotangents: Sequence[int]) -> dict[int, int]:
        """The derivative of sum(cotangent * result) by each scalar that they depend on, where it is not zero."""
        gradients: dict[int, int] = {}

        def accumulate(number: int, gradient: int) -> None:
            if self.known(gradient) != 0:
                gradients[number] = self.add(gradients[number], gradient) if number in gradients else gradient

        for result, cotangent in zip(results, cotangents, strict=True):
            accumulate(result, cotangent)
        for number in range(max(results, default=-1), -1, -1):
            scalar = self.made[number]
            if number in gradients and scalar.operation not in ("input", "constant"):
                for argument, gradient in self._partial(number, scalar, gradients[number]):
                    accumulate(argument, gradient)
        return gradients

    def _partial(self, out: int, scalar: Scalar, g: int) -> list[tuple[int, int]]:
        """What ``g``, the gradient of ``out``, gives to each of its arguments."""
        one, times = self.constant(1), self.multiply
        if scalar.operation in COMPARISONS or scalar.operation in ("sign", "detach"):
            return []
        if scalar.operation in _BINARY:
            a, b = scalar.arguments
            return _BINARY[scalar.operation](self, a, b, out, g)
        if scalar.operation == "where":
            condition, a, b = scalar.arguments
            zero = self.constant(0)
            return [(a, self.where(condition, g, zero)), (b, self.where(condition, zero, g))]
        (a,) = scalar.arguments
        slopes: dict[str, Callable[[], int]] = {
            "negate": lambda: self.constant(-1),
            "sigmoid": lambda: times(out, self.subtract(one, out)),
            "tanh": lambda: self.subtract(one, times(out, out)),
            "exp": lambda: out,
            "log": lambda: self.divide(one, a),
            "log1p": lambda: self.divide(one, self.add(one, a)),
            "expm1": lambda: self.add(one, out),
            "sqrt": lambda: self.divide(self.constant(0.5), out),
            "rsqrt": lambda: times(self.constant(-0.5), times(out, times(out, out))),
            "abs": lambda: self.make("sign", a),
            "sin": lambda: self.make("cos", a),
            "cos": lambda: self.negate(self.make("sin", a)),
            "softplus": lambda: self.make("sigmoid", a),
        }
        return [(a, times(g, slopes[scalar.operation]()))]

    def program(self, results: Sequence[Sequence[int]]) -> Program:
        """What these results need, numbered anew."""
        live = {number for result in results for number in result if self.known(number) != 0}
        for number in range(len(self.made) - 1, -1, -1):
            scalar = self.made[number]
            if number in live and scalar.operation not in ("input", "constant"):
                live.update(scalar.arguments)
        order = {number: i for i, number in enumerate(sorted(live))}
        scalars = [
            scalar
            if scalar.operation in ("input", "constant")
            else Scalar(scalar.operation, tuple(order[argument] for argument in scalar.arguments))
            for scalar in (self.made[number] for number in order)
        ]
        return Program(scalars, [[order.get(number) for number in result] for result in results])


_BINARY: dict[str, Callable[[Scalars, int, int, int, int], list[tuple[int, int]]]] = {
    "add": lambda s, a, b, out, g: [(a, g), (b, g)],
    "subtract": lambda s, a, b, out, g: [(a, g), (b, s.negate(g))],
    "multiply": lambda s, a, b, out, g: [(a, s.multiply(g, b)), (b, s.multiply(g, a))],
    "divide": lambda s, a, b, out, g: [(a, s.divide(g, b)), (b, s.negate(s.divide(s.multiply(g, out), b)))],
    "maximum": lambda s, a, b, out, g: _of_the_larger(s, a, b, g, "less"),
    "minimum": lambda s, a, b, out, g: _of_the_larger(s, a, b, g, "greater"),
}


def _of_the_larger(s: Scalars, a: int, b: int, g: int, loses: str) -> list[tuple[int, int]]:
    """The gradient goes to the one that was taken, and half to each where both are the same, as torch's does."""
    zero, half = s.constant(0), s.where(s.make("equal", a, b), s.multiply(g, s.constant(0.5)), g)
    return [(one, s.where(s.make(loses, one, other), zero, half)) for one, other in ((a, b), (b, a))]
