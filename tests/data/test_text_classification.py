"""Encoding whole datasets against the codec, text by text, on rows from a user's table."""

import csv
from collections import Counter

import pytest

from rnnzoo.data.text import TextCodec, find_tokenizer
from rnnzoo.data.text_csv import TextCsv
from rnnzoo.registry import CODECS

TEXTS = ["The cat sat.", "a cat; a dog!", "the end", "?", "dog dog dog dog", "It's a cat", "no", "the the the a"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "rows.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *((text, i % 2) for i, text in enumerate(TEXTS * 3))])
    return path


def rows_of(data, split):
    part = data.splits[split]
    return [part[[i]].inputs[0].tolist() for i in range(len(part))]


@pytest.mark.parametrize("tokenizer", ["words", "split", "basic_english"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_length": 2},
        {"max_length": 2, "keep": "last"},
        {"max_length": 4, "padding": "pre"},
        {"minimum_count": 5},
    ],
)
def test_every_row_is_what_the_codec_makes_of_its_text(table, tokenizer, settings):
    data = TextCsv(str(table), tokenizer=tokenizer, **settings)
    state = data.codec_state()
    codec = CODECS.create(state.pop("codec"), **state)
    raw = data.read()
    for split, part in raw.splits.items():
        assert rows_of(data, split) == [codec.encode([text]).inputs[0].tolist() for text in part.texts]
        assert data.splits[split].targets.tolist() == part.labels


def test_the_vocabulary_is_of_the_training_texts_alone_and_as_large_as_asked(table):
    data = TextCsv(str(table), vocabulary_size=3, validation=0.4, test=0.4)
    counts = Counter(token for text in data.read().splits["train"].texts for token in find_tokenizer("words")(text))
    vocabulary = data.codec_state()["vocabulary"]
    kept = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    assert vocabulary == ["[PAD]", "[UNK]", *(word for word, _ in kept)]
    assert data.spec["input_size"] == 5


def test_the_second_time_nothing_is_read_and_a_changed_file_or_setting_is(table, monkeypatch):
    calls = []
    read = TextCsv.read
    monkeypatch.setattr(TextCsv, "read", lambda self: calls.append(1) or read(self))
    first, second = TextCsv(str(table)), TextCsv(str(table), batch_size=3)
    assert first.spec == second.spec
    assert rows_of(first, "test") == rows_of(second, "test")
    assert len(calls) == 1
    assert TextCsv(str(table), max_length=1).spec
    assert len(calls) == 2
    with open(table, "a", encoding="utf-8") as file:
        file.write("a new zebra,1\n")
    third = TextCsv(str(table))
    assert sum(map(len, third.splits.values())) == 3 * len(TEXTS) + 1
    assert third.data_version != first.data_version
    assert len(calls) == 3


def test_the_data_version_tells_texts_and_splits_apart_but_not_loading(table):
    version = TextCsv(str(table)).data_version
    assert TextCsv(str(table), batch_size=2, seed=5, bucketing=False).data_version == version
    assert TextCsv(str(table), split_seed=1).data_version != version


def test_padding_in_front_counts_as_input(table):
    data = TextCsv(str(table), max_length=6, padding="pre", validation=0.3)
    assert data.spec["padding_id"] is None
    for batch in data.val_dataloader():
        assert batch.inputs.shape[1] == 6
        assert batch.lengths.eq(6).all()


def test_the_codec_takes_over_every_setting(table):
    settings = {"tokenizer": "split", "max_length": 7, "keep": "last", "padding": "pre"}
    state = TextCsv(str(table), **settings).codec_state()
    assert {name: state[name] for name in settings} == settings
    assert TextCodec(**{k: v for k, v in state.items() if k != "codec"}).state() == state


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocabulary_size": 0}, "vocabulary_size is 0"),
        ({"minimum_count": 0}, "minimum_count is 0"),
        ({"tokenizer": "wrods"}, "did you mean words"),
        ({"keep": "middle"}, "keep is"),
    ],
)
def test_settings_are_refused_before_any_file_is_read(settings, message):
    with pytest.raises((ValueError, LookupError), match=message):
        TextCsv("nowhere.csv", **settings)
