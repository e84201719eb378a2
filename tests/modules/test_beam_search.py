"""A beam that is wide enough finds what an enumeration of all sequences finds; a beam of 1 is the greedy search."""

import itertools
import math

import pytest
import torch

from rnnzoo.modules.beam_search import COVERED, beam_search
from rnnzoo.modules.greedy_search import greedy_search

V, BEGIN, END, LONGEST, T = 4, 0, 1, 4, 3
WIDE = 400
"""More than there are sequences of up to 4 tokens."""


class Model:
    """A model of the next token with tables of noise: its logits depend on the sequence's number and all tokens.

    Its state is the number that the tokens make to base V; ``fixed`` is the sequence's number, as of a source.
    """

    def __init__(self, sequences, seed=0, sharpness=1.0):
        made = torch.Generator().manual_seed(seed)
        self.logits = sharpness * torch.randn(sequences, V ** (LONGEST + 1), V, generator=made).double()
        self.weights = torch.rand(sequences, V ** (LONGEST + 1), T, generator=made).double().softmax(-1)
        self.rows = []

    def begin(self):
        numbers = torch.arange(len(self.logits))
        return (torch.zeros_like(numbers),), (numbers,)

    def __call__(self, tokens, state, fixed):
        (before,), (numbers,) = state, fixed
        self.rows.append(len(tokens))
        now = before * V + tokens
        numbers = numbers.repeat_interleave(len(tokens) // len(numbers))
        return self.logits[numbers, now], (now,), self.weights[numbers, now]


def enumerated(model, number, limit, alpha=0.0, beta=0.0):
    """Every sequence that may be written, with its score and log probability, the best first."""
    found = []
    others = [token for token in range(V) if token != END]
    for length in range(1, limit + 1):
        ended = [(*body, END) for body in itertools.product(others, repeat=length - 1)]
        cut = list(itertools.product(others, repeat=length)) if length == limit else []
        for tokens in ended + cut:
            state, total, covered = 0, 0.0, torch.zeros(T).double()
            for before, token in zip((BEGIN, *tokens), tokens, strict=False):
                state = state * V + before
                total += float(model.logits[number, state].log_softmax(-1)[token])
                covered += model.weights[number, state]
            penalty = beta * sum(math.log(min(max(float(c), COVERED), 1)) for c in covered)
            body = list(tokens[:-1]) if tokens[-1] == END else list(tokens)
            found.append((total / ((5 + length) / 6) ** alpha + penalty, total, body))
    return sorted(found, reverse=True)


def run(model, limits, **options):
    state, fixed = model.begin()
    return beam_search(model, state, fixed, begin=BEGIN, end=END, limits=torch.tensor(limits), **options)


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (0.6, 0.0), (1.0, 0.2), (-0.5, 0.0), (2.0, 1.0)])
def test_a_wide_beam_finds_the_best_of_all_sequences(alpha, beta):
    model, limits = Model(5), [4, 4, 3, 1, 2]
    found = run(model, limits, beam=WIDE, n_best=3, length_penalty=alpha, coverage_penalty=beta)
    for number, limit in enumerate(limits):
        expected = enumerated(model, number, limit, alpha, beta)[:3]
        assert [one.tokens for one in found[number]] == [tokens for _, _, tokens in expected]
        assert [one.score for one in found[number]] == pytest.approx([score for score, _, _ in expected], abs=1e-5)
        assert [one.log_probability for one in found[number]] == pytest.approx([p for _, p, _ in expected], abs=1e-5)


def test_the_sequences_that_may_be_written_have_probability_one():
    model = Model(1)
    assert sum(math.exp(p) for _, p, _ in enumerated(model, 0, 3)) == pytest.approx(1)
    (found,) = run(model, [3], beam=WIDE, n_best=WIDE)
    assert sum(math.exp(one.log_probability) for one in found) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -1.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_beam_of_one_is_the_greedy_search(seed, alpha):
    model, limits = Model(6, seed), torch.tensor([4, 4, 4, 3, 2, 1])
    found = run(model, limits.tolist(), beam=1, length_penalty=alpha, attention=True)
    greedy = greedy_search(model, *model.begin(), begin=BEGIN, end=END, limits=limits, attention=True)
    for (one,), other in zip(found, greedy, strict=True):
        assert one.tokens == other.tokens
        assert one.ended == other.ended
        assert one.log_probability == pytest.approx(other.log_probability, abs=1e-5)
        torch.testing.assert_close(one.attention, other.attention.float())


@pytest.mark.parametrize("beam", [1, 2, 3, 5])
def test_a_sequence_does_not_hear_of_its_neighbours(beam):
    model = Model(6, seed=3)
    limits = [4, 2, 4, 3, 1, 4]
    together = run(model, limits, beam=beam, n_best=beam, length_penalty=0.6, attention=True)
    for number, limit in enumerate(limits):
        step = lambda tokens, state, fixed: model(tokens, state, fixed)  # noqa: E731
        state, fixed = (torch.tensor([0]),), (torch.tensor([number]),)
        (alone,) = beam_search(
            step, state, fixed, begin=BEGIN, end=END, limits=torch.tensor([limit]), beam=beam, n_best=beam,
            length_penalty=0.6, attention=True,
        )  # fmt: skip
        assert [one[:4] for one in alone] == [one[:4] for one in together[number]]
        for one, other in zip(alone, together[number], strict=True):
            torch.testing.assert_close(one.attention, other.attention)


def test_attention_is_that_of_the_tokens_that_were_written():
    model = Model(3, seed=1)
    for number, found in enumerate(run(model, [4, 4, 4], beam=4, n_best=4, attention=True)):
        for one in found:
            state, read = 0, [BEGIN, *one.tokens]
            assert len(one.attention) == len(one.tokens) + one.ended
            for before, weights in zip(read, one.attention, strict=False):
                state = state * V + before
                torch.testing.assert_close(weights, model.weights[number, state].float())


def test_a_search_ends_when_none_that_goes_on_can_win():
    """The first token ends with probability near 1: whatever goes on has lost, though the beam is not full."""
    model = Model(1)
    model.logits[:, :, END] = 50.0
    run(model, [4], beam=3)
    assert len(model.rows) == 1


def test_a_likely_hypothesis_that_goes_on_is_not_given_up_for_unlikely_ones_that_ended():
    """After each token the end has a probability of a thousandth, and is still the second likeliest."""
    model = Model(1)
    model.logits[:] = -50.0
    model.logits[:, :, 2], model.logits[:, :, END] = 0.0, math.log(1e-3)
    state = 0
    for token in (BEGIN, 2, 2):
        state = state * V + token
    model.logits[0, state, END], model.logits[0, state, 2] = 0.0, -50.0  # only then it is sure to end
    ((best,),) = run(model, [4], beam=2)
    assert best.tokens == [2, 2]


def test_what_is_done_is_left_out_of_further_steps():
    model = Model(4)
    model.logits[:3, :, END] = 50.0
    model.logits[3, :, END] = -50.0
    run(model, [4] * 4, beam=2)
    assert model.rows == [8, 2, 2, 2]
    model.rows.clear()
    greedy_search(model, *model.begin(), begin=BEGIN, end=END, limits=torch.tensor([4] * 4))
    assert model.rows == [4, 1, 1, 1]


def test_a_wider_beam_never_finds_less_here_than_the_greedy_search():
    model = Model(50, seed=5, sharpness=2.0)
    greedy = greedy_search(model, *model.begin(), begin=BEGIN, end=END, limits=torch.tensor([4] * 50))
    best = run(model, [4] * 50, beam=WIDE)
    assert all(wide[0].score >= narrow.score - 1e-6 for wide, narrow in zip(best, greedy, strict=True))
    assert any(wide[0].score > narrow.score + 1e-3 for wide, narrow in zip(best, greedy, strict=True))


def test_numbers_out_of_range_are_told():
    model = Model(1)
    with pytest.raises(ValueError, match="beam is 2 and n_best is 3"):
        run(model, [2], beam=2, n_best=3)
    with pytest.raises(ValueError, match="coverage_penalty is -1"):
        run(model, [2], beam=2, coverage_penalty=-1.0)
    blind = lambda *given: (*model(*given)[:2], None)  # noqa: E731
    with pytest.raises(ValueError, match="there is no attention"):
        beam_search(blind, *model.begin(), begin=BEGIN, end=END, limits=torch.tensor([2]), beam=2, coverage_penalty=1.0)
