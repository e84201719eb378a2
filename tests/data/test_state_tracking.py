"""State tracking: answers by other means (Python's own arithmetic, matrices of permutations), lengths, refusals."""

import itertools

import numpy as np
import pytest

from rnnzoo.data.state_tracking import PROBLEMS, StateTracking
from rnnzoo.registry import CODECS, UnknownName


def words(problem, split="train", **sizes):
    data = StateTracking(problem, training=300, validation=100, test=100, **sizes)
    batch, codec = data.splits[split][range(len(data.splits[split]))], data.codec
    for row, length, target in zip(batch.inputs.tolist(), batch.lengths.tolist(), batch.targets.tolist(), strict=True):
        yield "".join(codec.decode(row[:length])), data.spec["labels"][target]


def test_parity_is_the_number_of_ones():
    assert all(answer == ("even", "odd")[word.count("1") % 2] for word, answer in words("parity"))


def test_modular_arithmetic_is_pythons_modulo_five():
    seen = list(words("modular_arithmetic"))
    assert all(int(answer) == eval(word) % 5 for word, answer in seen)
    assert {character for word, _ in seen for character in word} == set("01234+-*")


def test_s3_is_the_product_of_matrices_of_permutations():
    matrices = dict(zip("abcdef", (np.eye(3)[list(p)] for p in itertools.permutations(range(3))), strict=True))
    for word, answer in words("s3"):
        product = np.eye(3)
        for letter in word:
            product = matrices[letter] @ product  # row i of P is where place i is filled from
        assert (product == matrices[answer]).all()


@pytest.mark.parametrize("problem", PROBLEMS)
def test_test_words_are_longer_than_every_training_word_and_answers_are_about_as_frequent(problem):
    sizes = {"longest": 40, "test_longest": 500}
    short, long = (list(words(problem, split, **sizes)) for split in ("train", "test"))
    lengths = [[len(word) for word, _ in some] for some in (short, long)]
    assert 3 <= min(lengths[0]) <= max(lengths[0]) <= 40 < min(lengths[1]) + (problem == "modular_arithmetic")
    assert max(lengths[1]) <= 500
    labels = PROBLEMS[problem].labels
    counts = np.array([sum(answer == label for _, answer in short) for label in labels])
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
    with pytest.raises(ValueError, match="longest 40 and test_longest 40; expected them to rise"):
        StateTracking(test_longest=40)
    with pytest.raises(ValueError, match="training is 0; expected at least 1"):
        StateTracking(training=0)
    with pytest.raises(ValueError, match="item 1 is '012'; expected a string of the symbols 0 1, such as '0110'"):
        StateTracking("parity").codec.encode(["01", "012"])
