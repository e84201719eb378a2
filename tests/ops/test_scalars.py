"""Scalar arithmetic: its derivatives are torch's, kinks included, and what is simplified keeps its value."""

import math

import numpy as np
import pytest
import torch
from tolerances import close

from rnnzoo.ops._scalars import COMPARISONS, UNARY, Scalars

VALUES = (-3.0, -1.0, -0.25, 0.0, 0.5, 1.0, 2.0)
POSITIVE = {"log": math.exp, "sqrt": math.exp, "rsqrt": math.exp, "log1p": math.exp}
BINARY = {
    "add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div, "maximum": torch.maximum,
    "minimum": torch.minimum,
}  # fmt: skip
TORCH = {**BINARY, **{name: getattr(torch, name) for name in UNARY if name != "softplus"}}
TORCH |= {"negate": torch.neg, "softplus": torch.nn.functional.softplus}
COMPARED = dict(zip(COMPARISONS, (torch.lt, torch.le, torch.gt, torch.ge, torch.eq, torch.ne), strict=True))


def evaluate(program, inputs):
    """The program's results, computed by torch in float64; ``inputs`` by argument and block."""
    found = []
    for operation, arguments in program.scalars:
        if operation == "input":
            found.append(inputs[arguments])
        elif operation == "constant":
            found.append(torch.tensor(arguments[0], dtype=torch.float64))
        elif operation == "where":
            condition, a, b = (found[i] for i in arguments)
            found.append(a if condition else b)
        elif operation in COMPARED:
            found.append(COMPARED[operation](*(found[i] for i in arguments)).double())
        else:
            found.append(TORCH[operation](*(found[i] for i in arguments)))
    return [[0.0 if number is None else float(found[number]) for number in result] for result in program.results]


def gradients(build, values, cotangent=0.75):
    """Of ``build(scalars, *numbers)`` by each number, at these values."""
    scalars = Scalars()
    numbers = [scalars.make("input", i, 0) for i in range(len(values))]
    out = build(scalars, *numbers)
    given = scalars.make("input", len(values), 0)
    found, zero = scalars.pullback([out], [given]), scalars.constant(0)
    inputs = {(i, 0): torch.tensor(v, dtype=torch.float64) for i, v in enumerate((*values, cotangent))}
    program = scalars.program([[found.get(number, zero)] for number in numbers])
    return torch.tensor([result[0] for result in evaluate(program, inputs)], dtype=torch.float64)


def torchs(function, values, cotangent=0.75):
    leaves = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in values]
    found = torch.autograd.grad(function(*leaves), leaves, torch.tensor(cotangent, dtype=torch.float64))
    return torch.stack(found)


@pytest.mark.parametrize("name", [*UNARY, "negate"])
def test_derivative_of_every_function_of_one_is_torchs(name):
    for value in map(POSITIVE.get(name, float), VALUES):
        close(
            gradients(lambda s, a: s.make(name, a), (value,)), torchs(TORCH[name], (value,)), what=f"{name} at {value}"
        )


@pytest.mark.parametrize("name", BINARY)
def test_derivative_of_every_function_of_two_is_torchs_at_ties_too(name):
    for a in VALUES:
        for b in VALUES:
            if name != "divide" or b:
                ours = gradients(lambda s, *ab: s.make(name, *ab), (a, b))
                close(ours, torchs(TORCH[name], (a, b)), what=f"{name} at {a}, {b}")


@pytest.mark.parametrize("name", COMPARISONS)
def test_what_is_chosen_gets_the_gradient_and_the_comparison_none(name):
    for a in (0.0, 1.0, 2.0):

        def ours(s, a, b, c):
            return s.where(s.make(name, a, s.constant(1)), s.multiply(a, b), c)

        def theirs(a, b, c):
            return torch.where(COMPARED[name](a, 1), a * b, c)

        close(gradients(ours, (a, 3.0, 4.0)), torchs(theirs, (a, 3.0, 4.0)), what=f"{name} at {a}")


def test_gradient_of_a_composite_adds_up_over_all_ways():
    def ours(s, a, b):
        gate = s.make("sigmoid", s.multiply(a, b))
        return s.add(s.multiply(gate, s.make("tanh", a)), s.divide(s.multiply(gate, gate), s.subtract(b, a)))

    def theirs(a, b):
        gate = torch.sigmoid(a * b)
        return gate * torch.tanh(a) + gate * gate / (b - a)

    close(gradients(ours, (0.3, 1.7)), torchs(theirs, (0.3, 1.7)))


def test_gradient_of_a_result_that_is_an_argument_or_two_results_in_one():
    scalars = Scalars()
    a = scalars.make("input", 0, 0)
    g, k = (scalars.make("input", i, 0) for i in (1, 2))
    found = scalars.pullback([a, a], [g, k])
    assert scalars.made[found[a]] == ("add", (g, k))


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
def test_simplifying_changes_no_value(name):
    """Constants are folded and 0 and 1 left out; the numbers stay those of the arithmetic, to the last bit."""
    whole = {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b}
    whole["divide"] = lambda a, b: a / b
    for known in (0.0, 1.0, -1.0, 3.0, 0.1, 1e-310):
        for value in (-2.5, 0.7, 1e-5):
            for first in (True, False):
                if name == "divide" and not first and known == 0:
                    continue  # not finite
                scalars = Scalars()
                pair = (scalars.constant(known), scalars.make("input", 0, 0))
                out = getattr(scalars, name)(*(pair if first else pair[::-1]))
                got = evaluate(scalars.program([[out]]), {(0, 0): torch.tensor(value, dtype=torch.float64)})[0][0]
                with np.errstate(over="ignore"):
                    expected = whole[name](*(np.float64(v) for v in ((known, value) if first else (value, known))))
                assert got == expected, (name, known, value, first)


def test_constants_are_folded():
    s = Scalars()
    two, three = s.constant(2), s.constant(3)
    assert [s.known(n) for n in (s.add(two, three), s.subtract(two, three), s.multiply(two, three), s.negate(two))] == [
        5, -1, 6, -2,
    ]  # fmt: skip
    assert s.known(s.divide(two, three)) == 2 / 3


def test_equal_expressions_are_one():
    s = Scalars()
    a, b = s.make("input", 0, 0), s.make("input", 1, 0)
    assert s.add(a, b) == s.add(b, a)
    assert s.multiply(a, b) == s.multiply(b, a)
    assert s.subtract(a, b) != s.subtract(b, a)
    assert s.make("tanh", s.add(a, b)) == s.make("tanh", s.add(b, a))
    assert s.where(s.make("less", a, b), a, a) == a


def test_a_program_holds_what_its_results_need_and_nothing_else():
    s = Scalars()
    a, b = s.make("input", 0, 0), s.make("input", 1, 0)
    s.make("exp", b)
    program = s.program([[s.make("tanh", a)], [s.constant(0)]])
    assert [scalar.operation for scalar in program.scalars] == ["input", "tanh"]
    assert program.results == [[1], [None]]
