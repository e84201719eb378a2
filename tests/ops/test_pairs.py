"""Pairs of real and imaginary part compute what complex numbers do."""

import pytest
import torch
from tolerances import close

from rnnzoo.ops import pairs


def numbers(*shape, scale=1.0, seed=0):
    return scale * torch.randn(*shape, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def same(given, expected):
    close(given, torch.view_as_real(expected))


@pytest.mark.parametrize("scale", [1e-9, 1.0, 5.0])
def test_functions_are_those_of_complex_numbers(scale):
    a, b = numbers(7, scale=scale), numbers(7, seed=1)
    u, v = torch.view_as_complex(a), torch.view_as_complex(b)
    same(pairs.times(a, b), u * v)
    same(pairs.divided(a, b), u / v)
    same(pairs.exp(a), torch.exp(u))
    same(pairs.expm1(a) / scale, torch.expm1(u) / scale)
    same(pairs.conjugate(a), u.conj().resolve_conj())


def test_small_exponents_keep_their_digits():
    z = torch.tensor([1e-8, 1e-8])  # single precision: e^z - 1 by subtraction would be 0
    close(pairs.expm1(z), z)
    assert float(pairs.expm1(z)[0]) == pytest.approx(1e-8, rel=1e-6)


@pytest.mark.parametrize("steps_of_a", [1, 5])
def test_loop_is_the_recurrence(steps_of_a):
    a, b, h = numbers(2, steps_of_a, 3), numbers(2, 5, 3, seed=1), numbers(2, 3, seed=2)
    u, v, state = (torch.view_as_complex(each) for each in (a, b, h))
    found = pairs.loop(a, b, h)
    for t in range(5):
        state = u[:, min(t, steps_of_a - 1)] * state + v[:, t]
        same(found[:, t], state)
