"""Tokens are drawn with the probabilities that they are said to have."""

import math
from itertools import pairwise

import pytest
import torch
from tolerances import close

from rnnzoo.modules.greedy_search import greedy_search
from rnnzoo.modules.sampling import draw, sample

LOGITS = torch.tensor([1.0, -0.5, 2.0, 0.3, -2.0])
DRAWS = 20_000
CRITICAL = {1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47}
"""Of chi-square, one in a thousand, by degrees of freedom."""


def counted(logits=LOGITS, **settings):
    numbers = torch.rand(DRAWS, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    tokens = draw(logits.expand(DRAWS, -1), numbers, **settings)
    return torch.bincount(tokens, minlength=len(logits)).double()


def fits(counts, probabilities):
    """Pearson's test; what has no probability is never drawn."""
    expected = DRAWS * probabilities.double()
    possible = expected > 0
    assert counts[~possible].sum() == 0
    statistic = ((counts - expected).square() / expected)[possible].sum()
    assert statistic < CRITICAL[int(possible.sum()) - 1]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_are_the_softmax_of_the_logits_over_the_temperature(temperature):
    fits(counted(temperature=temperature), (LOGITS / temperature).softmax(0))


@pytest.mark.parametrize("k", [2, 4])
def test_the_k_likeliest_keep_their_proportions(k):
    kept = torch.zeros(5)
    kept[LOGITS.topk(k).indices] = LOGITS.topk(k).values.softmax(0)
    fits(counted(top_k=k), kept)


@pytest.mark.parametrize(("p", "kept"), [(0.7, [2, 0]), (0.9, [2, 0, 3]), (0.95, [2, 0, 3, 1])])
def test_the_fewest_tokens_that_reach_a_probability_keep_their_proportions(p, kept):
    chances = LOGITS.softmax(0)
    assert chances[kept].sum() >= p > chances[kept[:-1]].sum()
    expected = torch.zeros(5)
    expected[kept] = chances[kept] / chances[kept].sum()
    fits(counted(top_p=p), expected)


def test_a_temperature_towards_zero_is_the_likeliest_token():
    logits = torch.randn(200, 7)
    numbers = torch.rand(200)
    for settings in ({"temperature": 0.0}, {"temperature": 1e-5}, {"top_k": 1}, {"top_p": 1e-9}):
        assert torch.equal(draw(logits, numbers, **settings), logits.argmax(-1)), settings


def test_a_token_that_is_impossible_is_never_drawn_at_either_end():
    logits = torch.tensor([-math.inf, 0.0, -math.inf, 1.0])
    ends = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    assert set(draw(logits.expand(2, -1), ends).tolist()) == {3, 1}


def chain(tokens, state, fixed):
    """A Markov chain of 4 tokens, 0 the end; the state counts the steps."""
    return MATRIX[tokens], (state[0] + 1,), None


MATRIX = torch.tensor([[0.0] * 4, [-1.0, 0.5, 1.0, 0.0], [0.2, 0.0, -1.0, 1.0], [1.5, 0.3, 0.2, -0.5]])


def sequences(rows, seed=0, limit=12, **settings):
    numbers = torch.rand(rows, limit, generator=torch.Generator().manual_seed(seed))
    limits = torch.full((rows,), limit)
    return sample(chain, (torch.zeros(rows),), begin=1, end=0, limits=limits, numbers=numbers, **settings)


def test_a_sequence_ends_with_its_end_token_or_at_its_limit_and_has_the_models_log_probability():
    found = sequences(50, limit=4)
    assert {one.ended for one in found} == {True, False}
    for one in found:
        assert len(one.tokens) < 4 if one.ended else len(one.tokens) == 4
        path = [1, *one.tokens, *[0] * one.ended]
        expected = sum(float(MATRIX[a].log_softmax(0)[b]) for a, b in pairwise(path))
        assert one.log_probability == pytest.approx(expected, rel=1e-5)


def test_a_rows_sequence_depends_on_its_numbers_alone():
    many = sequences(40, temperature=0.8)
    few = sequences(7, temperature=0.8)
    assert [one.tokens for one in many[:7]] == [one.tokens for one in few]
    assert [one.tokens for one in sequences(7, seed=1)] != [one.tokens for one in few]


def test_frequencies_of_whole_sequences_are_their_probabilities():
    found = sequences(5000, limit=1)
    counts = torch.bincount(torch.tensor([0 if one.ended else one.tokens[0] for one in found]), minlength=4)
    close(counts.double() / 5000, MATRIX[1].softmax(0).double(), dtype=torch.bfloat16, what="frequency")


def test_at_no_temperature_it_is_the_greedy_search():
    limits = torch.full((3,), 9)
    greedy = greedy_search(chain, (torch.zeros(3),), (), begin=1, end=0, limits=limits)
    assert [one.tokens for one in sequences(3, limit=9, temperature=0.0)] == [one.tokens for one in greedy]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"temperature": -1.0}, "temperature is -1"), ({"top_k": 0}, "top_k is 0"), ({"top_p": 1.5}, r"top_p is 1\.5")],
)
def test_what_leaves_nothing_to_draw_from_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        sequences(2, **settings)
