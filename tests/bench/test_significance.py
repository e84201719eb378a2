"""t-tests against Student's closed forms for one and two degrees of freedom, and Holm's correction by hand."""

import math

import pytest

from rnnzoo.bench.significance import PAIRED, WELCH, difference, holm, two_sided


def by_seed(*values, first=0):
    return dict(enumerate(values, start=first))


@pytest.mark.parametrize("t", [0.0, 0.3, 1.0, 2.5, 40.0])
def test_the_tails_are_students(t):
    assert two_sided(t, 1) == pytest.approx(1 - 2 / math.pi * math.atan(t), rel=1e-9)  # Cauchy's
    assert two_sided(t, 2) == pytest.approx(1 - t / math.sqrt(2 + t * t), rel=1e-9)
    assert two_sided(-t, 2) == two_sided(t, 2)


@pytest.mark.parametrize(("freedom", "t"), [(3, 3.182446305), (10, 2.228138852), (30, 2.042272456)])
def test_the_tails_have_the_tables_quantiles(freedom, t):
    assert two_sided(t, freedom) == pytest.approx(0.05, abs=1e-9)


def test_the_same_seeds_are_pairs():
    # differences 1, 2, 3: t = 2 / (1 / sqrt 3), two degrees of freedom; unpaired the seeds would drown them
    a, b = by_seed(0.0, 50.0, 100.0), by_seed(1.0, 52.0, 103.0)
    found, t = difference(a, b), 2 * math.sqrt(3)
    assert found.how == PAIRED
    assert found.p == pytest.approx(1 - t / math.sqrt(2 + t * t), rel=1e-9)
    assert difference(a, by_seed(1.0, 52.0, 103.0, first=7)).p > 0.9


def test_other_seeds_are_welchs():
    # two values each of variance 2: t = 3 / sqrt(1 + 1), two degrees of freedom
    found, t = difference(by_seed(0.0, 2.0), by_seed(3.0, 5.0, first=5)), 3 / math.sqrt(2)
    assert found.how == WELCH
    assert found.p == pytest.approx(1 - t / math.sqrt(2 + t * t), rel=1e-9)


def test_welchs_freedom_is_that_of_the_side_that_varies():
    # b never varies: t = 2 / (sqrt 2 / sqrt 2) and a's one degree of freedom
    found = difference(by_seed(0.0, 2.0), by_seed(3.0, 3.0, 3.0))
    assert found.p == pytest.approx(1 - 2 / math.pi * math.atan(2.0), rel=1e-9)


def test_the_order_of_seeds_and_sides_changes_nothing():
    a, b = by_seed(0.1, 0.4, 0.2), by_seed(0.3, 0.35, 0.9)
    assert difference(a, dict(reversed(b.items()))).p == pytest.approx(difference(a, b).p, rel=1e-9)
    assert difference(b, a).p == pytest.approx(difference(a, b).p, rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [((0.5,), (0.7,)), ((0.5,), (0.7, 0.8)), ((), (0.7, 0.8))])
def test_one_seed_says_nothing(a, b):
    assert difference(by_seed(*a), by_seed(*b)) == ("", None, "one seed")


def test_without_spread_equals_are_equal_and_nothing_is_said_of_others():
    assert difference(by_seed(1.0, 1.0), by_seed(1.0, 1.0)).p == 1.0
    assert difference(by_seed(0.2, 0.4), by_seed(0.3, 0.5)).why == "no spread"  # but for rounding
    assert difference(by_seed(1.0, 1.0), by_seed(0.9, 0.9, 0.9)).why == "no spread"


def test_holms_correction():
    # 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1 is no less than the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02], rel=1e-9)
    assert holm([None, 0.7, 0.9]) == [None, 1.0, 1.0]
    assert holm([]) == []
