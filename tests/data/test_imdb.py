"""IMDB, from a small archive of the same layout."""

import io
import tarfile

import pytest

from rnnzoo.data import imdb
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.imdb import Imdb

PER_FOLDER = 6


def members():
    """(name, text) of a small aclImdb, in an order nobody should rely on, with files that are no labelled reviews."""
    out = [("aclImdb/README", "read me"), ("aclImdb/train/unsup/0_0.txt", "unlabelled")]
    for i in reversed(range(PER_FOLDER)):
        for split in ("train", "test"):
            for label, stars in (("pos", 9), ("neg", 2)):
                out.append(
                    (f"aclImdb/{split}/{label}/{i}_{stars}.txt", f"{split} {label} review number{i} <br />naïve")
                )
    return out


@pytest.fixture(autouse=True)
def _small(monkeypatch, tmp_path):
    monkeypatch.setattr(imdb, "REVIEWS", PER_FOLDER)
    monkeypatch.setattr(imdb, "SHA256", {"aclImdb_v1.tar.gz": "0" * 64})
    monkeypatch.setattr(imdb, "FILENAMES", ["small.tar.xz", "aclImdb"])
    monkeypatch.setenv("RNNZOO_DATA", str(tmp_path))


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "small.tar.xz"
    with tarfile.open(path, "w:xz") as tar:
        for name, text in members():
            content = text.encode()
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def extracted(folder):
    for name, text in members():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_the_archive_and_the_extracted_folder_are_the_same_data(archive, tmp_path):
    extracted(tmp_path / "other")
    one, two = Imdb(dir=str(tmp_path)), Imdb(dir=str(tmp_path / "other"))
    assert one.source() == archive
    assert two.source() == tmp_path / "other" / "aclImdb"
    assert one.read() == two.read()
    assert one.data_version == two.data_version


def test_reviews_keep_their_official_split_and_label(archive):
    raw = Imdb(validation=0.25).read()
    assert raw.labels == ["negative", "positive"]
    for split, part in raw.splits.items():
        for text, label in zip(*part, strict=True):
            assert text.startswith(f"{'test' if split == 'test' else 'train'} {('neg', 'pos')[label]} ")
    everything = [text for part in raw.splits.values() for text in part.texts]
    assert len(set(everything)) == len(everything) == 4 * PER_FOLDER
    assert len(raw.splits["validation"].texts) == 3


def test_half_of_the_test_reviews_validate_balanced_and_by_id(archive):
    splits = Imdb(validation="test_half").read().splits
    assert len(splits["train"].texts) == 2 * PER_FOLDER
    for split, ids in (("validation", "012"), ("test", "345")):
        assert sorted(splits[split].texts) == sorted(
            f"test {label} review number{i} <br />naïve" for i in ids for label in ("neg", "pos")
        )
        assert sum(splits[split].labels) == PER_FOLDER // 2


def test_validation_on_test_has_the_test_reviews_twice_and_trains_on_all_others(archive):
    splits = Imdb(validation="test").read().splits
    assert splits["validation"] == splits["test"]
    assert {split: len(part.texts) for split, part in splits.items()} == {
        "train": 2 * PER_FOLDER,
        "validation": 2 * PER_FOLDER,
        "test": 2 * PER_FOLDER,
    }
    assert splits["test"] == Imdb(validation=0.25).read().splits["test"]
    assert all(text.startswith("train ") for text in splits["train"].texts)


def test_the_archive_is_read_once_for_all_settings(archive, monkeypatch):
    calls = []
    read = imdb.read_reviews
    monkeypatch.setattr(imdb, "read_reviews", lambda source: calls.append(1) or read(source))
    monkeypatch.setattr(imdb, "code_version", lambda *_: "fixed")
    for settings in ({}, {}, {"max_length": 2}, {"validation": "test_half"}, {"tokenizer": "split"}):
        assert Imdb(**settings).spec["padding_id"] == 0
    assert calls == [1]


def test_an_archive_with_reviews_missing_is_damaged(archive, monkeypatch):
    monkeypatch.setattr(imdb, "REVIEWS", PER_FOLDER + 1)
    with pytest.raises(DamagedFile, match="has 6 reviews in train/neg, expected 7"):
        _ = Imdb().spec


def test_a_truncated_archive_is_damaged_and_nothing_is_cached(archive):
    archive.write_bytes(archive.read_bytes()[:300])
    for _ in range(2):
        with pytest.raises(DamagedFile, match="truncated"):
            _ = Imdb().spec


def test_a_wrong_checksum_is_said_before_anything_is_read(archive, monkeypatch):
    monkeypatch.setattr(imdb, "SHA256", {"small.tar.xz": "180637e2", **imdb.SHA256})
    monkeypatch.setattr(imdb._files, "archive_members", None)
    with pytest.raises(DamagedFile, match=r"has SHA-256 .* expected 180637e2"):
        _ = Imdb().spec


def test_missing_reviews_name_the_official_source(tmp_path):
    with pytest.raises(MissingData, match=r"https://ai\.stanford\.edu/~amaas/data/sentiment/aclImdb_v1\.tar\.gz"):
        _ = Imdb(dir=str(tmp_path / "empty"), download=False).spec


@pytest.mark.parametrize("validation", [0, 1.0, -0.1, "half"])
def test_a_validation_split_that_is_none_is_refused(validation):
    with pytest.raises(ValueError, match="expected a share between 0 and 1, 'test_half' or 'test'"):
        Imdb(validation=validation)
