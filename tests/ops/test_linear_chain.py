"""Sums and maxima over all paths are those over every path, written out one by one."""

import itertools

import pytest
import torch
from tolerances import close

from rnnzoo.ops import linear_chain
from rnnzoo.ops.linear_chain import Chain, best_path, log_partition, log_partition_reference, marginals, path_score

B, T, K = 3, 4, 3
LENGTHS = torch.tensor([4, 1, 2])


def chain(scale=3.0, dtype=torch.float64, forbidden=()):
    """Random scores of rows of different lengths."""
    transitions = torch.randn(K, K, dtype=dtype)
    for before, after in forbidden:
        transitions[before, after] = -torch.inf
    x = scale * torch.randn(B, T, K, dtype=dtype)
    return Chain(x, transitions, torch.randn(K, dtype=dtype), torch.randn(K, dtype=dtype), LENGTHS)


def paths(given, row):
    """Every path of a row with its score."""
    n = int(given.lengths[row])
    for tags in itertools.product(range(K), repeat=n):
        score = given.start[tags[0]] + given.end[tags[-1]]
        score = score + sum(given.emissions[row, t, tag] for t, tag in enumerate(tags))
        yield tags, score + sum(given.transitions[pair] for pair in itertools.pairwise(tags))


def enumerated(given):
    return torch.stack([torch.stack([s for _, s in paths(given, row)]).logsumexp(0) for row in range(B)])


FORBIDDEN = [(), ((0, 0), (1, 2))]


@pytest.mark.parametrize("forbidden", FORBIDDEN)
@pytest.mark.parametrize("function", [lambda c: log_partition(c, 3), log_partition_reference], ids=["fast", "loop"])
def test_the_partition_and_its_gradients_are_those_of_all_paths(function, forbidden):
    given = chain(forbidden=forbidden)
    leaves = [value.requires_grad_() for value in given[:4]]
    weights = torch.randn(B, dtype=torch.float64)
    found, expected = function(given), enumerated(given)
    close(found, expected)
    gradients = [torch.autograd.grad((value * weights).sum(), leaves) for value in (found, expected)]
    for name, one, other in zip(Chain._fields, *gradients, strict=False):
        close(one, other.nan_to_num(), what=name)


def test_where_no_gradient_is_asked_for_the_value_is_the_same():
    given = chain()
    with torch.no_grad():
        close(log_partition(given), enumerated(given))


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_marginals_are_the_shares_of_the_paths_through_a_tag(forbidden):
    given = chain(forbidden=forbidden)
    expected = torch.zeros(B, T, K, dtype=torch.float64)
    for row in range(B):
        weights = {tags: score.exp() for tags, score in paths(given, row)}
        for tags, weight in weights.items():
            for t, tag in enumerate(tags):
                expected[row, t, tag] += weight / sum(weights.values())
    close(marginals(given, 3), expected)


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_the_best_path_is_the_best_of_all(forbidden):
    for _ in range(5):
        given = chain(forbidden=forbidden)
        tags, scores = best_path(given)
        for row, n in enumerate(LENGTHS.tolist()):
            expected, score = max(paths(given, row), key=lambda path: float(path[1]))
            assert tuple(tags[row, :n].tolist()) == expected
            assert tags[row, n:].tolist() == [0] * (T - n)
            close(scores[row], score)
        close(path_score(given, tags), scores)


def test_the_score_of_a_path_is_the_sum_of_its_parts_and_padding_is_not_looked_at():
    given = chain()
    tags = torch.tensor([[2, 0, 1, 1], [1, -9, 99, 5], [0, 2, -1, -1]])
    for row, n in enumerate(LENGTHS.tolist()):
        close(path_score(given, tags)[row], dict(paths(given, row))[tuple(tags[row, :n].tolist())])


def test_neither_value_nor_gradient_depends_on_what_stands_in_the_padding():
    given = chain()
    outside = (torch.arange(T) >= LENGTHS[:, None])[..., None].expand(B, T, K)
    found = []
    for content in (0.0, 50.0, torch.nan):
        x = given.emissions.masked_fill(outside, content).requires_grad_()
        other = given._replace(emissions=x)
        value = log_partition(other)
        found.append((value.detach(), torch.autograd.grad(value.sum(), x)[0], best_path(other)[0]))
    for one in found[1:]:
        close(one, found[0])
    assert found[0][1][outside].eq(0).all()


@pytest.mark.parametrize("scale", [1.0, 100.0, 3000.0])
def test_scores_of_any_size_give_what_the_loop_over_logarithms_gives(scale, monkeypatch):
    calls = []
    monkeypatch.setattr(
        linear_chain, "log_partition_reference", lambda c: calls.append(1) or log_partition_reference(c)
    )
    given = chain(scale, torch.float32)
    x = given.emissions.requires_grad_()
    found = log_partition(given)
    close(found, log_partition_reference(given))
    close(*(torch.autograd.grad(f(given).sum(), x)[0] for f in (log_partition, log_partition_reference)))
    assert bool(calls) == (scale == 3000.0)


def test_a_long_row_loses_no_digits():
    steps, x = 10_000, torch.randn(1, 1, K)
    A, zero = torch.randn(K, K), torch.zeros(K)
    given = Chain(10 * x.expand(1, steps, K), A, zero, zero, torch.tensor([steps]))
    product = torch.diag((10 * x[0, 0]).double().exp()) @ A.double().exp()  # each step multiplies by it, the last by 1
    growth = torch.linalg.eigvals(product).abs().max().log()
    assert float(log_partition(given)) == pytest.approx(float(growth) * steps, rel=1e-4)
    tags, score = best_path(given)
    close(path_score(Chain(*(value.double() for value in given[:4]), given.lengths), tags).float(), score)


def test_gradients_are_right_to_second_differences():
    given = chain()
    values = tuple(value.requires_grad_() for value in given[:4])
    assert torch.autograd.gradcheck(lambda *scores: log_partition(Chain(*scores, LENGTHS)), values)
