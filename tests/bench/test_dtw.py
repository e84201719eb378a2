"""Dynamic time warping against the textbook's double loop, and where its answer is known."""

import numpy as np
import pytest

from rnnzoo.bench.dtw import Neighbours

RANDOM = np.random.RandomState(0)


def by_loops(a, b, window=None):
    """The definition, a cell at a time."""
    n, m = len(a), len(b)
    reach = max(n, m) if window is None else max(int(np.ceil(window * max(n, m))), abs(n - m))
    D = np.full((n + 1, m + 1), np.inf)
    D[0, 0] = 0
    for i in range(n):
        for j in range(m):
            if abs(i - j) <= reach:
                D[i + 1, j + 1] = ((a[i] - b[j]) ** 2).sum() + min(D[i, j + 1], D[i + 1, j], D[i, j])
    return D[n, m]


def some(lengths, channels=2):
    return [RANDOM.randn(length, channels) for length in lengths]


@pytest.mark.parametrize("window", [None, 0.0, 0.1, 0.5, 1.0])
def test_distances_are_those_of_the_double_loop(window):
    series, queries = some([1, 4, 9, 9, 15]), some([1, 6, 9, 20])
    neighbours = Neighbours(series)
    for query in queries:
        expected = [by_loops(query, one, window) for one in series]
        np.testing.assert_allclose(neighbours.distances(query, window), expected, rtol=1e-12)


def test_a_series_at_another_pace_is_no_distance_away():
    (one,) = some([7])
    slower = np.repeat(one, [1, 3, 1, 1, 2, 1, 4], axis=0)
    assert Neighbours([slower]).distances(one) == 0


def test_of_constant_series_the_longer_counts_every_step():
    """Every step of the longer one is matched once at least, and the diagonal makes no more than that."""
    assert Neighbours([np.full((5, 1), 3.0)]).distances(np.zeros((3, 1))) == 5 * 3**2


def test_without_warping_the_distance_is_euclidean():
    a, b = some([12, 12])
    assert float(Neighbours([b]).distances(a, window=0.0)[0]) == pytest.approx(float(((a - b) ** 2).sum()))


def test_it_does_not_matter_which_is_the_query_or_what_else_is_compared():
    a, b, longer = some([5, 8, 30])
    alone = Neighbours([b]).distances(a)[0]
    assert Neighbours([a]).distances(b)[0] == pytest.approx(alone, rel=1e-12)
    assert Neighbours([longer, b]).distances(a)[1] == pytest.approx(alone, rel=1e-12)


def test_the_nearest_is_the_first_of_equals():
    a, b = some([5, 5])
    assert Neighbours([b, a, a]).nearest(a) == 1


@pytest.mark.parametrize(
    ("series", "query", "window", "message"),
    [
        ([], np.zeros((2, 1)), None, r"series have shapes \[\]; expected at least one"),
        ([np.zeros((2, 1)), np.zeros((2, 2))], np.zeros((2, 1)), None, "all of them"),
        ([np.zeros((2, 1))], np.zeros((2, 3)), None, r"query has shape \(2, 3\); expected \(T, 1\)"),
        ([np.zeros((2, 1))], np.zeros((0, 1)), None, r"query has shape \(0, 1\)"),
        ([np.zeros((2, 1))], np.zeros((2, 1)), 1.5, "window is 1.5; expected a share from 0 to 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(series, query, window, message):
    with pytest.raises(ValueError, match=message):
        Neighbours(series).distances(query, window)
