"""Surnames from small files of the same layout."""

from collections import Counter

import pytest

from rnnzoo.data import _names_files
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data._shares import draw_distinct
from rnnzoo.data.names import Names

FILES = {
    "Greek": "Albanis\nKalakos \nAlbanis\n\n",
    "Polish": "Śliwa\nKalakos\nWron\nWron\n",
    "Irish": "O'Neal\nDuffy\n",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(_names_files, "LANGUAGES", dict.fromkeys(FILES, "0" * 64))
    monkeypatch.setattr("rnnzoo.data.names.LANGUAGES", _names_files.LANGUAGES)
    for language, content in FILES.items():
        path = tmp_path / "names" / "names" / f"{language}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path


def pairs(raw):
    return {
        split: [(text, raw.labels[label]) for text, label in zip(*part, strict=True)]
        for split, part in raw.splits.items()
    }


def test_every_line_is_a_name_of_its_files_language(folder):
    for place in (folder, folder / "names", folder / "names" / "names"):
        raw = Names(dir=str(place), repeats=True).read()
        found = sorted(pair for part in pairs(raw).values() for pair in part)
        expected = [(line.strip(), name) for name, text in FILES.items() for line in text.split("\n") if line.strip()]
        assert found == sorted(expected)
        assert raw.labels == list(FILES)


def test_a_line_said_again_counts_once_unless_asked_for_and_a_name_of_two_languages_twice(folder):
    for repeats, times in ((False, 1), (True, 2)):
        parts = pairs(Names(dir=str(folder), repeats=repeats).read())
        found = [pair for part in parts.values() for pair in part]
        assert found.count(("Wron", "Polish")) == found.count(("Albanis", "Greek")) == times
        assert found.count(("Kalakos", "Greek")) == found.count(("Kalakos", "Polish")) == 1


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_all_occurrences_of_a_name_of_whatever_languages_are_in_one_split(folder, seed, repeats):
    data = Names(dir=str(folder), repeats=repeats, validation=0.2, test=0.3, split_seed=seed)
    parts = pairs(data.read())
    names = {split: {name for name, _ in part} for split, part in parts.items()}
    assert sum(map(len, names.values())) == len(set.union(*names.values())) == 6
    assert (len(names["validation"]), len(names["test"])) == (1, 2)


def test_the_split_depends_on_its_seed_alone():
    keys = [f"key{i % 50}" for i in range(120)]
    shares = {"validation": 0.1, "test": 0.1}
    drawn = draw_distinct(keys, shares, 3)
    assert drawn == draw_distinct(keys, shares, 3) != draw_distinct(keys, shares, 4)
    assert sorted(row for rows in drawn.values() for row in rows) == list(range(120))
    backwards = draw_distinct(keys[::-1], shares, 3)
    assert {keys[119 - i] for i in backwards["test"]} == {keys[i] for i in drawn["test"]}


def test_a_name_is_read_character_by_character_in_its_case(folder):
    data = Names(dir=str(folder))
    data.setup()
    vocabulary = data.codec_state()["vocabulary"]
    raw = data.read()
    for split, part in raw.splits.items():
        for row, name in enumerate(part.texts):
            ids = data.splits[split][[row]].inputs[0].tolist()
            assert [vocabulary[i] for i in ids] == [c if c in vocabulary else "[UNK]" for c in name]


def test_what_is_no_text_or_has_no_name_is_named_with_file_and_line(folder):
    path = folder / "names" / "names" / "Polish.txt"
    path.write_bytes(b"Wron\nKowalsk\xff\n")
    with pytest.raises(DamagedFile, match=r"Polish\.txt is not UTF-8: byte 0xff at offset 12, line 2"):
        Names(dir=str(folder)).read()
    path.write_bytes(b"\n \n")
    with pytest.raises(DamagedFile, match=r"Polish\.txt has no name"):
        Names(dir=str(folder)).read()


def test_a_missing_language_is_named_with_the_official_source(folder):
    (folder / "names" / "names" / "Irish.txt").unlink()
    with pytest.raises(MissingData, match=r"names/Irish\.txt.*\n.*raw\.githubusercontent\.com/spro/.*/Irish\.txt"):
        Names(dir=str(folder), download=False).read()


@pytest.mark.data
def test_the_real_names_are_all_there_and_no_test_name_is_in_training(data_dir):
    whole, once = (pairs(Names(dir=str(data_dir), repeats=repeats).read()) for repeats in (True, False))
    counts = Counter(language for part in whole.values() for _, language in part)
    assert counts.total() == 20_050
    assert [counts[name] for name in ("Russian", "Portuguese", "Arabic")] == [9_384, 74, 2_000]
    assert sum(map(len, once.values())) == 18_012
    names = {split: {name for name, _ in part} for split, part in once.items()}
    assert {split: len(part) for split, part in names.items()} == {"train": 13_960, "validation": 1_745, "test": 1_745}
    assert len(set.union(*names.values())) == 17_450
    data = Names(dir=str(data_dir))
    assert data.spec["output_size"] == len(counts) == 18
    assert data.splits["test"].lengths.max() <= 20
