"""Text to tokens and back, and the datasets of running text."""

import gzip
from collections import Counter

import pytest

from rnnzoo.data import python_help, wikitext2
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.plain_text import PlainText
from rnnzoo.data.running_text import RunningText, cut, vocabulary_of
from rnnzoo.data.wikitext2 import WikiText2
from rnnzoo.registry import UnknownName

TEXT = "今天下雨，路滑。\n\nשלום עולם\ne\u0301t\u00e9 👩\u200d🚀🇩🇪\r\n\ttail"


def test_characters_of_any_script_and_empty_lines_come_back_as_they_were(tmp_path):
    (tmp_path / "text.txt").write_bytes(("\ufeff" + TEXT * 9).encode())
    data = PlainText(str(tmp_path / "text.txt"), batch_size=2, window=4)
    state = data.codec_state()
    codec = RunningText(state["vocabulary"], state["level"])
    ids = [i for split in ("train", "validation", "test") for i in data.splits[split].tolist()]
    assert codec.join(codec.decode(ids)) == TEXT * 9
    assert codec.join(codec.decode(codec.ids(TEXT))) == TEXT


@pytest.mark.parametrize("text", ["a b\nc", "a\n\n\nb c\n", "\n", "x"])
def test_words_and_line_ends_come_back(text):
    tokens = cut(text, "words")
    assert RunningText(sorted(set(tokens)), "words").join(tokens) == text


def test_the_vocabulary_goes_by_count_and_unknown_has_the_count_of_what_it_stands_for():
    counts = {"a": 5, "b": 3, "c": 3, "d": 1, "e": 1, "f": 1, "g": 1}
    assert vocabulary_of(Counter(counts), minimum_count=2) == ["a", "<unk>", "b", "c"]
    assert vocabulary_of(Counter(counts), size=3) == ["<unk>", "a", "b"]
    assert vocabulary_of(Counter(counts))[-1] == "<unk>"


def test_a_character_that_was_never_seen_is_named_where_there_is_no_unknown_one():
    with pytest.raises(ValueError, match="text 1 has 'é' at 2"):
        RunningText(list("abc")).encode(["abc", "abé"])
    assert RunningText(["a", "<unk>"]).ids("aé") == [0, 1]


def test_several_files_and_their_own_splits_are_read_gzipped_too(tmp_path):
    (tmp_path / "a.txt").write_text("one two")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"three one\n"))
    (tmp_path / "v.txt").write_text("two three four\n")
    paths = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt.gz")]
    data = PlainText(paths, "words", validation_path=str(tmp_path / "v.txt"), test_path=str(tmp_path / "v.txt"))
    codec = RunningText(data.codec_state()["vocabulary"], "words")
    assert codec.decode(data.splits["train"].tolist()) == ["one", "two", "<eos>", "three", "one", "<eos>"]
    assert codec.decode(data.splits["validation"].tolist()) == ["two", "three", "<unk>", "<eos>"]


def test_a_changed_text_has_another_version_and_another_vocabulary_another_fingerprint(tmp_path):
    path = tmp_path / "t.txt"
    seen = []
    for text in ("abc" * 40, "abd" * 40, "bac" * 40):
        path.write_text(text)
        data = PlainText(str(path))
        seen.append((data.data_version, data.spec["vocabulary"]))
    assert len({version for version, _ in seen}) == 3
    assert seen[0][1] != seen[1][1]


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"level": "syllables"}, UnknownName, "level"),
        ({"validation": 0.6, "test": 0.5}, ValueError, "together less than 1"),
        ({"path": []}, ValueError, "at least one file"),
        ({"window": 0}, ValueError, "window is 0"),
        ({"path": "absent.txt"}, MissingData, "absent.txt"),
        ({"vary_window": True, "num_workers": 1}, ValueError, "num_workers"),
    ],
)
def test_bad_settings_say_what_is_wrong(tmp_path, given, error, says):
    (tmp_path / "t.txt").write_text("abc" * 20)
    with pytest.raises(error, match=says):
        _ = PlainText(**{"path": str(tmp_path / "t.txt"), **given}).splits


def test_a_file_that_is_no_utf8_is_told_with_its_line(tmp_path):
    (tmp_path / "t.txt").write_bytes(b"fine\nbad \xff\n")
    with pytest.raises(DamagedFile, match="line 2"):
        _ = PlainText(str(tmp_path / "t.txt")).spec


def test_files_of_another_corpus_with_the_same_names_are_refused(tmp_path):
    for part in ("train", "valid", "test"):
        (tmp_path / f"wiki.{part}.tokens").write_text(" a b \n")
    with pytest.raises(DamagedFile, match=r"wiki\.train\.tokens"):
        _ = WikiText2(dir=str(tmp_path)).spec


def test_the_helps_text_is_printable_ascii_and_the_same_each_time():
    first, second = python_help.PythonHelp(), python_help.PythonHelp()
    assert first.data_version == second.data_version != python_help.PythonHelp(split_seed=1).data_version
    assert set("".join(first.read().values())) <= set(python_help.VOCABULARY)
    assert len(first.splits["train"]) > 300_000
    assert python_help.printable("“caf\u00e9” – 中…") == '"cafe" - ?...'


def test_wikitext_needs_a_checksum_for_every_file_it_may_find():
    assert set(wikitext2.SHA256) == {
        f"wiki.{part}.tokens{end}" for part in wikitext2.PARTS.values() for end in ("", ".gz")
    }
