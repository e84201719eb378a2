"""The digit sum task against its recipe, written down a second time."""

import numpy as np
import pytest

from rnnzoo.data.digit_sum import DigitsCodec, DigitSum
from rnnzoo.registry import CODECS


def by_the_book(length, copies):
    """Row by row, with lists and numpy's global generator."""
    rows = []
    for n1 in range(10):
        for n2 in range(10):
            for _ in range(copies):
                row = [n1, n2] + [0] * (length - 2)
                place = np.random.randint(2, length)
                row[place] = np.random.randint(0, 10)
                rows.append((row, n1 + n2))
    return rows


def rows_of(data, split):
    batch = data.splits[split][range(len(data.splits[split]))]
    return list(zip(batch.inputs.tolist(), batch.targets.tolist(), strict=True))


def test_the_rows_are_those_of_the_books_files_written_one_after_another_from_one_generator():
    np.random.seed(0)
    for length in (5, 10, 15, 20, 25, 30, 35):
        data = DigitSum(length=length)
        for split, copies in (("train", 3), ("validation", 1), ("test", 1)):
            assert rows_of(data, split) == by_the_book(length, copies), (length, split)


def test_a_length_that_is_not_the_books_has_a_generator_of_its_own():
    np.random.seed(0)
    assert rows_of(DigitSum(length=12), "train") == by_the_book(12, 3)


def test_by_default_an_epoch_is_38_steps_of_8_rows_in_order():
    data = DigitSum()
    batches = list(data.train_dataloader())
    assert len(batches) == 38
    assert [row[:2] for row in batches[0].inputs.tolist()] == [[0, 0]] * 3 + [[0, 1]] * 3 + [[0, 2]] * 2
    again = list(data.train_dataloader())
    assert all(a.inputs.equal(b.inputs) for a, b in zip(batches, again, strict=True))


def test_another_data_seed_draws_other_distractors():
    assert not DigitSum().splits["train"].values.equal(DigitSum(data_seed=1).splits["train"].values)


def test_strings_and_lists_of_digits_are_the_same_sequence():
    assert DigitsCodec().encode(["6700100000"]).inputs.equal(DigitsCodec().encode([[6, 7, 0, 0, 1] + [0] * 5]).inputs)
    assert isinstance(CODECS.create("digits"), DigitsCodec)


@pytest.mark.parametrize("item", ["12a", "", [12], [], [1, -1]])
def test_what_is_no_digit_is_refused_with_its_place(item):
    with pytest.raises(ValueError, match="item 1 is"):
        DigitsCodec().encode(["123", item])


def test_nothing_to_encode_and_too_short_a_sequence_are_refused():
    with pytest.raises(ValueError, match="no sequence to encode"):
        DigitsCodec().encode([])
    with pytest.raises(ValueError, match="length is 2"):
        DigitSum(length=2)
