"""Delayed recall against its recipe, written down a second time."""

import numpy as np
import pytest

from rnnzoo.data.delayed_recall import DelayedRecall


def by_the_recipe(rows, lag):
    """With strings and numpy's global generator."""
    symbols = ["ABCDEFGH"[np.random.randint(0, 8)] for _ in range(rows)]
    noise = ["".join("abcdefgh"[np.random.randint(0, 8)] for _ in range(lag)) for _ in range(rows)]
    return [(symbol + between + "?", "ABCDEFGH".index(symbol)) for symbol, between in zip(symbols, noise, strict=True)]


@pytest.mark.parametrize("lag", [1, 7])
def test_the_rows_are_those_of_the_recipe_and_the_codec_reads_them(lag):
    data = DelayedRecall(lag=lag, training=50, validation=20, test=30, data_seed=4)
    np.random.seed(4)
    for split, rows in (("train", 50), ("validation", 20), ("test", 30)):
        expected = by_the_recipe(rows, lag)
        batch = data.splits[split][range(rows)]
        codec = data.codec
        assert batch.inputs.equal(codec.encode([text for text, _ in expected]).inputs)
        assert ["".join(codec.decode(row)) for row in batch.inputs.tolist()] == [text for text, _ in expected]
        assert batch.targets.tolist() == [label for _, label in expected]
        assert batch.lengths.tolist() == [lag + 2] * rows


def test_by_default_there_are_2000_rows_to_train_on_and_every_symbol_is_about_as_frequent():
    data = DelayedRecall()
    assert {split: len(rows) for split, rows in data.splits.items()} == {"train": 2000, "validation": 500, "test": 500}
    counts = np.bincount(data.splits["train"][range(2000)].targets.numpy(), minlength=8)
    assert abs(counts - 250).max() < 5 * np.sqrt(2000 * 1 / 8 * 7 / 8)


def test_the_labels_are_the_symbols_as_the_codec_writes_them():
    data = DelayedRecall.tiny()
    assert data.spec["labels"] == list("ABCDEFGH") == data.codec.decode(range(8))


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="lag is 0"):
        DelayedRecall(lag=0)
    with pytest.raises(ValueError, match="validation is 0"):
        DelayedRecall(validation=0)
