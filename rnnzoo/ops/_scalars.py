"""Scalar arithmetic as a graph: made, simplified, differentiated and cut down to what a result needs.

A scalar stands for a number at each channel, or, where it is **of the row**, for one that all channels share: a
constant, how many "channels" there are, the sum or the largest over them, and whatever is made of such alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

COMPARISONS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "unequal": "!="}
"""Their derivative is zero everywhere, as that of "sign"."""
UNARY = ("sigmoid", "tanh", "exp", "log", "log1p", "expm1", "sqrt", "rsqrt", "abs", "sign", "sin", "cos", "softplus")
LEAVES = ("input", "constant", "channels")
"""Made of no other scalars."""
OF_A_ROW = ("sum_channels", "max_channels")
"""A number for each row, of one at each channel. The largest has no derivative: it stabilises what does not need it."""
CUMULATIVE = {"cumsum_channels": "reverse_cumsum_channels", "reverse_cumsum_channels": "cumsum_channels"}
"""Sums over the channels up to each, or from each on; and the transpose of that, their derivative."""


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
        self._of_row: list[bool] = []

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

    def of_row(self, number: int) -> bool:
        """Whether all channels share the scalar."""
        for operation, arguments in self.made[len(self._of_row) :]:
            alone = operation in ("constant", "channels", *OF_A_ROW)
            apart = operation == "input" or operation in CUMULATIVE
            self._of_row.append(alone or (not apart and all(self._of_row[argument] for argument in arguments)))
        return self._of_row[number]

    def sum_channels(self, a: int) -> int:
        """The sum of a over the channels."""
        return self.multiply(self.make("channels"), a) if self.of_row(a) else self._linear("sum_channels", a)

    def _linear(self, operation: str, a: int) -> int:
        """A linear operation over the channels; what they share is taken out of it."""
        scalar = self.made[a]
        if scalar.operation == "negate":
            return self.negate(self._linear(operation, *scalar.arguments))
        if scalar.operation in ("multiply", "divide"):
            x, y = scalar.arguments
            if scalar.operation == "multiply" and self.of_row(x):
                return self.multiply(x, self._linear(operation, y))
            if self.of_row(y):
                summed = self._linear(operation, x)
                return self.multiply(summed, y) if scalar.operation == "multiply" else self.divide(summed, y)
        return self.make(operation, a)

    def over_channels(self, operation: str, a: int) -> int:
        """One of `OF_A_ROW` or `CUMULATIVE` of a."""
        if operation == "sum_channels":
            return self.sum_channels(a)
        return self._linear(operation, a) if operation in CUMULATIVE else self.make(operation, a)

    def pullback(self, results: Sequence[int], cotangents: Sequence[int]) -> dict[int, int]:
        """The derivative of sum(cotangent * result) by each scalar that they depend on, where it is not zero.

        The sum is over the channels too, where a cotangent is not of the row.
        """
        gradients: dict[int, int] = {}

        def accumulate(number: int, gradient: int) -> None:
            if self.known(gradient) != 0 and self.made[number].operation not in ("constant", "channels"):
                if self.of_row(number) and not self.of_row(gradient):
                    gradient = self.sum_channels(gradient)
                gradients[number] = self.add(gradients[number], gradient) if number in gradients else gradient

        for result, cotangent in zip(results, cotangents, strict=True):
            accumulate(result, cotangent)
        for number in range(max(results, default=-1), -1, -1):
            scalar = self.made[number]
            if number in gradients and scalar.operation not in LEAVES:
                for argument, gradient in self._partial(number, scalar, gradients[number]):
                    accumulate(argument, gradient)
        return gradients

    def _partial(self, out: int, scalar: Scalar, g: int) -> list[tuple[int, int]]:
        """What ``g``, the gradient of ``out``, gives to each of its arguments."""
        one, times = self.constant(1), self.multiply
        if scalar.operation in COMPARISONS or scalar.operation in ("sign", "detach", "max_channels"):
            return []
        if scalar.operation == "sum_channels":
            return [(scalar.arguments[0], g)]
        if scalar.operation in CUMULATIVE:
            return [(scalar.arguments[0], self._linear(CUMULATIVE[scalar.operation], g))]
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
            if number in live and scalar.operation not in LEAVES:
                live.update(scalar.arguments)
        order = {number: i for i, number in enumerate(sorted(live))}
        scalars = [
            scalar
            if scalar.operation in LEAVES
            else Scalar(scalar.operation, tuple(order[argument] for argument in scalar.arguments))
            for scalar in (self.made[number] for number in order)
        ]
        return Program(scalars, [[order.get(number) for number in result] for result in results])


class Followed(Scalars):
    """A graph of the scalars of every channel.

    Args:
        channels: how many there are.
        mixing: whether there may be operations over them.
    """

    def __init__(self, channels: int, mixing: bool) -> None:
        super().__init__()
        self.channels, self.mixing = channels, mixing


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
