"""Associative recall and selective copying: the answers by a dictionary and by filtering, and how places are drawn."""

import numpy as np
import pytest

from rnnzoo.data.mqar import Mqar, mqar_rows
from rnnzoo.data.selective_copy import SelectiveCopy


def items(data, split="test"):
    """The symbols of each row, and the targets with a weight by their places."""
    batch = data.splits[split][range(len(data.splits[split]))]
    labels = data.spec["labels"]
    for row, targets, weights in zip(
        batch.inputs.tolist(), batch.targets.tolist(), batch.weights.tolist(), strict=True
    ):
        assert set(weights) == {0, 1}
        yield data.codec.decode(row), {i: labels[t] for i, (t, w) in enumerate(zip(targets, weights, strict=True)) if w}


def test_a_key_is_asked_for_once_and_its_value_is_the_answer():
    data = Mqar(length=40, pairs=6, vocabulary=32, training=1, validation=1, test=200)
    for symbols, answers in items(data):
        pairs = dict(zip(symbols[:12:2], symbols[1:12:2], strict=True))
        assert len(pairs) == len(set(pairs.values())) == 6
        assert all(key.startswith("k") and value.startswith("v") for key, value in pairs.items())
        assert sorted(symbols[i] for i in answers) == sorted(pairs)
        assert min(answers) >= 12
        assert all(answers[i] == pairs[symbols[i]] for i in answers)


def test_distances_follow_the_power_law():
    """One pair: the place is drawn with probability proportional to n^(0.01 - 1), which a chi-square cannot refute."""
    rows, places = 20_000, 10
    _, _, weights = mqar_rows(rows, 2 + 2 * places, 1, 4, np.random.RandomState(0))
    seen = weights[:, 2::2].sum(0)
    likely = np.arange(1, places + 1) ** (0.01 - 1.0)
    expected = rows * likely / likely.sum()
    assert seen.sum() == rows
    assert ((seen - expected) ** 2 / expected).sum() < 27.9  # 9 degrees of freedom, p = 0.001


def test_the_letters_are_to_be_written_in_their_order():
    data = SelectiveCopy(length=30, symbols=5, letters=6, training=1, validation=1, test=200)
    for symbols, answers in items(data):
        assert symbols[30:] == ["?"] * 5
        letters = [symbol for symbol in symbols[:30] if symbol != "."]
        assert len(letters) == 5
        assert answers == {30 + n: letter for n, letter in enumerate(letters)}


def test_every_place_and_letter_is_about_as_frequent():
    data = SelectiveCopy(length=20, symbols=4, letters=4, training=1, validation=1, test=5000)
    batch = data.splits["test"][range(5000)]
    places = (batch.inputs[:, :20] < 4).sum(0).numpy()
    assert abs(places - 1000).max() < 5 * np.sqrt(5000 * 0.2 * 0.8)
    letters = np.bincount(batch.targets[:, 20:].flatten().numpy(), minlength=4)
    assert abs(letters - 5000).max() < 5 * np.sqrt(20_000 * 0.25 * 0.75)


@pytest.mark.parametrize("kind", [Mqar, SelectiveCopy])
def test_another_seed_draws_other_rows(kind):
    first, again, other = ([row for row, _ in items(kind(data_seed=seed, training=1, test=9))] for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (Mqar, {"length": 30, "pairs": 8}, "length is 30 and pairs 8; expected an even length of at least 32"),
        (Mqar, {"length": 41, "pairs": 8}, "expected an even length"),
        (Mqar, {"vocabulary": 14}, "vocabulary is 14 and pairs 8; expected an even number of at least 16"),
        (Mqar, {"pairs": 0}, "pairs is 0; expected at least 1"),
        (SelectiveCopy, {"length": 4}, "length is 4 and symbols 8"),
        (SelectiveCopy, {"letters": 17}, "letters is 17; expected 2 to 16"),
        (SelectiveCopy, {"test": 0}, "test is 0; expected at least 1"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**options)
