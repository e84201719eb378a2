"""The real reviews, where they are."""

import time

import pytest

from rnnzoo.data.imdb import Imdb


@pytest.mark.data
@pytest.mark.slow
def test_the_real_reviews_are_all_there_and_load_quickly_the_second_time(data_dir):
    begin = time.perf_counter()
    first = Imdb(dir=str(data_dir), max_length=80, keep="last", padding="pre")
    first.setup()
    middle = time.perf_counter()
    second = Imdb(dir=str(data_dir), max_length=80, keep="last", padding="pre")
    second.setup()
    assert time.perf_counter() - middle < 0.2 * (middle - begin)
    assert {split: len(part) for split, part in second.splits.items()} == {
        "train": 22_500,
        "validation": 2_500,
        "test": 25_000,
    }
    assert int(first.splits["test"].targets.sum()) == 12_500
    assert first.data_version == second.data_version
