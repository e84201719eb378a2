"""Sentences from small files of the same format."""

import hashlib

import pytest

from rnnzoo.data import sst2
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.sst2 import Sst2

NAMES = {"train": "train.tsv", "validation": "dev.tsv", "test": "test.tsv"}
FILES = {
    "train": 'a warm film\t1\nit \'s " dull " , again\t0\n',
    "validation": "no\t0\n",
    "test": "naïve\tand short\t1\r\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    def write(**changes):
        files = {
            NAMES[split]: text.encode() if isinstance(text, str) else text
            for split, text in {**FILES, **changes}.items()
        }
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        monkeypatch.setattr(sst2, "SHA256", {name: hashlib.sha256(c).hexdigest() for name, c in files.items()})
        return str(tmp_path)

    return write


def test_sentences_keep_their_official_split_label_and_quotes(folder):
    raw = Sst2(dir=folder()).read()
    assert raw.labels == ["negative", "positive"]
    assert raw.splits["train"] == (["a warm film", 'it \'s " dull " , again'], [1, 0])
    assert raw.splits["validation"] == (["no"], [0])
    assert raw.splits["test"] == (["naïve\tand short"], [1])


def test_the_vocabulary_is_the_training_sentences_tokens(folder):
    vocabulary = Sst2(dir=folder()).codec_state()["vocabulary"]
    assert sorted(vocabulary[2:]) == sorted({"a", "warm", "film", "it", "'s", '"', "dull", ",", "again"})


@pytest.mark.parametrize("line", ["good", "good\t2", "\t1", "good 1", "good\t 1"])
def test_a_line_without_a_sentence_or_label_is_named(folder, line):
    with pytest.raises(DamagedFile, match=r"dev\.tsv, line 2: .*expected a sentence, a tab and 0 or 1"):
        Sst2(dir=folder(validation=f"no\t0\n{line}\n")).read()


def test_what_is_no_text_is_named(folder):
    with pytest.raises(DamagedFile, match=r"test\.tsv is not UTF-8: byte 0xff at offset 5, line 2"):
        Sst2(dir=folder(test=b"no\t0\n\xff\t1\n")).read()


def test_another_file_of_the_name_is_refused(folder, tmp_path):
    path = folder()
    (tmp_path / "test.tsv").write_text("short\t1\n")
    with pytest.raises(DamagedFile, match=r"test\.tsv .* has SHA-256 .* expected"):
        Sst2(dir=path).read()


def test_missing_files_name_their_source(tmp_path):
    with pytest.raises(MissingData, match=r"https://raw\.githubusercontent\.com/clairett/.*/train\.tsv"):
        Sst2(dir=str(tmp_path), download=False).read()


@pytest.mark.data
def test_the_real_sentences_are_all_there(data_dir):
    raw = Sst2(dir=str(data_dir)).read()
    assert {split: len(part.texts) for split, part in raw.splits.items()} == {
        "train": 6_920,
        "validation": 872,
        "test": 1_821,
    }
    assert {split: sum(part.labels) for split, part in raw.splits.items()} == {
        "train": 3_610,
        "validation": 444,
        "test": 909,
    }
