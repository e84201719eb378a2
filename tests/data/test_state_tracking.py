"""State tracking: answers by other means (Python's own arithmetic, matrices of permutations), lengths, refusals."""

import itertools

import numpy as np
import pytest

from rnnzoo.data.state_tracking import PROBLEMS, StateTracking
from rnnzoo.registry import CODECS, UnknownName


def words(problem, split="train", **options):
    """Each word with its answers by their places."""
    data = StateTracking(problem, training=300, validation=100, test=100, **options)
    batch, labels = data.splits[split][range(len(data.splits[split]))], data.spec["labels"]
    rows = (each.tolist() for each in (batch.inputs, batch.lengths, batch.targets, batch.weights))
    for row, length, targets, weights in zip(*rows, strict=True):
        found = {i: labels[t] for i, (t, w) in enumerate(zip(targets, weights, strict=True)) if w}
        yield "".join(data.codec.decode(row[:length])), found


def test_parity_is_the_number_of_ones():
    for word, answers in words("parity"):
        assert answers == {i: ("even", "odd")[word[: i + 1].count("1") % 2] for i in range(len(word))}


def test_modular_arithmetic_is_pythons_modulo_five_at_every_digit():
    seen = list(words("modular_arithmetic"))
    for word, answers in seen:
        assert answers == {i: str(eval(word[: i + 1]) % 5) for i in range(0, len(word), 2)}
    assert {character for word, _ in seen for character in word} == set("01234+-*")


def test_s3_is_the_product_of_matrices_of_permutations():
    matrices = dict(zip("abcdef", (np.eye(3)[list(p)] for p in itertools.permutations(range(3))), strict=True))
    for word, answers in words("s3"):
        product = np.eye(3)
        for i, letter in enumerate(word):
            product = matrices[letter] @ product  # row i of P is where place i is filled from
            assert (product == matrices[answers[i]]).all()


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_last_answers_are_those_at_the_end_of_the_same_words(problem):
    for (word, every), (again, last) in zip(words(problem), words(problem, answers="last"), strict=True):
        assert word == again
        assert last == {len(word) - 1: every[len(word) - 1]}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_test_word_is_asked_for_what_lies_beyond_every_training_word(problem):
    for word, answers in words(problem, "test", longest=40, test_longest=60):
        step = 2 if problem == "modular_arithmetic" else 1
        assert list(answers) == list(range(40, len(word), step))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_test_words_are_longer_than_every_training_word_and_answers_are_about_as_frequent(problem):
    sizes = {"longest": 40, "test_longest": 500}
    short, long = (list(words(problem, split, **sizes)) for split in ("train", "test"))
    lengths = [[len(word) for word, _ in some] for some in (short, long)]
    assert 3 <= min(lengths[0]) <= max(lengths[0]) <= 40 < min(lengths[1]) + (problem == "modular_arithmetic")
    assert max(lengths[1]) <= 500
    labels = PROBLEMS[problem].labels
    counts = np.array([sum(list(answers.values())[-1] == label for _, answers in short) for label in labels])
    assert counts.min() > 300 / len(labels) / 3


def test_the_same_seed_draws_the_same_words_and_another_does_not():
    first, again, other = (list(words("s3", data_seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_the_codec_is_rebuilt_from_its_state():
    state = dict(StateTracking.tiny().codec_state())
    codec = CODECS.create(state.pop("codec"), **state)
    assert codec.encode(["0110"]).inputs.tolist() == [[0, 1, 1, 0]]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UnknownName, match="unknown problem 'party'; did you mean parity"):
        StateTracking("party")
    with pytest.raises(UnknownName, match="unknown answers 'lst'; did you mean last"):
        StateTracking(answers="lst")
    with pytest.raises(ValueError, match="longest 40 and test_longest 40; expected them to rise"):
        StateTracking(test_longest=40)
    with pytest.raises(ValueError, match="training is 0; expected at least 1"):
        StateTracking(training=0)
    with pytest.raises(ValueError, match="item 1 is '012'; expected a string of the symbols 0 1, such as '0110'"):
        StateTracking("parity").codec.encode(["01", "012"])
