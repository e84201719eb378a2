"""The real reviews, where they are."""

import tarfile

import pytest

from rnnzoo.data._base import SPLITS
from rnnzoo.data.imdb import Imdb


@pytest.mark.data
@pytest.mark.slow
def test_the_real_reviews_are_all_there_and_the_second_load_never_opens_the_archive(data_dir, monkeypatch):
    first = Imdb(dir=str(data_dir), max_length=80, keep="last", padding="pre")
    first.setup()
    monkeypatch.setattr(tarfile, "open", lambda *_, **__: pytest.fail("the archive was opened again"))
    second = Imdb(dir=str(data_dir), max_length=80, keep="last", padding="pre")
    second.setup()
    assert {split: len(part) for split, part in second.splits.items()} == {
        "train": 22_500,
        "validation": 2_500,
        "test": 25_000,
    }
    assert int(first.splits["test"].targets.sum()) == 12_500
    assert first.data_version == second.data_version


@pytest.mark.data
@pytest.mark.slow
def test_keras_words_of_the_training_reviews_are_as_many_and_as_frequent_as_published(data_dir):
    """F. Chollet, "Deep Learning with Python", listing 6.9: 88,582 tokens; the ranks are those of Keras' word index."""
    data = Imdb(dir=str(data_dir), tokenizer="keras", vocabulary_size=None, validation="test")
    vocabulary = data.codec_state()["vocabulary"]
    assert len(vocabulary) - 2 == 88_582
    assert vocabulary[2:12] == ["the", "and", "a", "of", "to", "is", "br", "in", "it", "i"]
    assert {split: len(part) for split, part in data.splits.items()} == dict.fromkeys(SPLITS, 25_000)
