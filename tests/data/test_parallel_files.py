"""A user's pairs: every format gives the same pairs, and what is wrong is said with its file and line."""

import gzip
import json

import pytest

from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data._parallel_files import read_parallel, read_table
from rnnzoo.data.parallel_text import ParallelText

ROWS = [("das 猫", "the cat"), ('ein "Hund"', "a dog \U0001f436"), ("café\u2028x", "é"), ("שלום", "hello")]


def write(path, text):
    content = text.encode()
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def pairs(found):
    return [(pair.source, pair.target) for pair in found.pairs]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_every_format_gives_the_same_pairs(tmp_path, ending, packed):
    source = write(tmp_path / f"a.de{packed}", ending.join(s for s, _ in ROWS) + ending)
    target = write(tmp_path / f"a.en{packed}", ending.join(t for _, t in ROWS))
    assert pairs(read_parallel(source, target, empty="refuse")) == ROWS
    bare = write(tmp_path / f"bare.tsv{packed}", ending.join(f"{s}\t{t}\tthanks" for s, t in ROWS))
    assert pairs(read_table(bare, None, None, empty="refuse")) == ROWS
    named = write(tmp_path / f"named.tsv{packed}", ending.join(["en\tid\tde", *(f"{t}\t7\t{s}" for s, t in ROWS), ""]))
    assert pairs(read_table(named, "de", "en", empty="refuse")) == ROWS
    records = [json.dumps({"question": s, "answer": t, "x": 1}) for s, t in ROWS]
    lines = write(tmp_path / f"qa.jsonl{packed}", ending.join(records))
    assert pairs(read_table(lines, "question", "answer", empty="refuse")) == ROWS


def test_files_of_different_length_name_both_counts_and_the_first_line_without_a_partner(tmp_path):
    source, target = write(tmp_path / "a.de", "eins\nzwei\ndrei\n"), write(tmp_path / "a.en", "one\ntwo\n")
    for first, second in ((source, target), (target, source)):
        with pytest.raises(ValueError, match=r"expected as many\. Line 3 of .*a\.de has no partner: 'drei'"):
            read_parallel(first, second, empty="refuse")
    with pytest.raises(ValueError, match=r"a\.de has 3 lines and .*a\.en has 2"):
        read_parallel(source, target, empty="refuse")


def test_empty_lines_are_refused_with_their_line_or_skipped_and_counted(tmp_path):
    source, target = write(tmp_path / "a.de", "eins\n\ndrei\nvier\n"), write(tmp_path / "a.en", "one\ntwo\n \nfour\n")
    with pytest.raises(ValueError, match=r"line 2: the source is empty; .* or set empty to 'skip'"):
        read_parallel(source, target, empty="refuse")
    found = read_parallel(source, target, empty="skip")
    assert pairs(found) == [("eins", "one"), ("vier", "four")]
    assert [pair.line for pair in found.pairs] == [1, 4]
    assert found.skipped == 2
    with pytest.raises(ValueError, match="no pair with text on both sides"):
        read_parallel(write(tmp_path / "b", "\n"), write(tmp_path / "c", "\n"), empty="skip")


@pytest.mark.parametrize(
    ("name", "content", "columns", "error", "message"),
    [
        ("a.tsv", "a\tb\nc", (None, None), DamagedFile, "line 2: 1 tab-separated fields; expected at least 2"),
        ("a.tsv", "x\ty\na\tb\tc", ("x", "y"), DamagedFile, r"line 2: 3 .* expected 2 \(x, y\)"),
        ("a.tsv", "x\ty\na\tb", ("x", "z"), ValueError, "no column 'z'; its header is x, y"),
        ("a.tsv", "x\ty\na\tb", ("x", None), ValueError, "expected both or none"),
        ("a.jsonl", '{"source": "a", "target": "b"}\n{"source": ', (None, None), DamagedFile, "line 2: not JSON"),
        ("a.jsonl", "[1]", (None, None), DamagedFile, "line 1: a list; expected an object"),
        (
            "a.jsonl",
            '{"source": "a", "targt": "b"}',
            (None, None),
            ValueError,
            "no 'target'; its keys are source, targt",
        ),
        ("a.jsonl", '{"source": "a", "target": ["b"]}', (None, None), ValueError, "line 1: 'target' is a list"),
        ("a.txt", "a", (None, None), ValueError, "none of .tsv, .jsonl .* or give target_path"),
        ("a.tsv.gz", b"no gzip", (None, None), DamagedFile, "cannot be unpacked"),
        ("a.tsv", b"a\tb\nc\t\xff", (None, None), DamagedFile, "not UTF-8: byte 0xff at offset 6, line 2"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(tmp_path, name, content, columns, error, message):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(error, match=message):
        read_table(path, *columns, empty="refuse")
    with pytest.raises(MissingData, match="there is no file"):
        read_table(tmp_path / "nowhere.tsv", None, None, empty="refuse")


def dataset(tmp_path, **settings):
    rows = "".join(f"eins zwei {n}\tone two {n}\n" for n in range(40))
    path = write(tmp_path / "all.tsv", rows + "\tnothing\n")
    return ParallelText(str(path), empty="skip", validation=0.1, test=0.1, minimum_count=1, **settings)


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("tokenizer", ["bpe", "words", "characters"])
def test_the_users_pairs_come_back_from_every_split(tmp_path, tokenizer, joint):
    data = dataset(tmp_path, tokenizer=tokenizer, joint=joint, vocabulary_size=400)
    codec, spec, parts = data._codec(), data.spec, data.texts()
    assert (codec.target is codec.source) == joint == spec["joint_vocabulary"]
    assert {split: len(rows) for split, rows in data.splits.items()} == {"train": 32, "validation": 4, "test": 4}
    assert data.skipped == 1
    batch = data.splits["train"][range(32)]
    assert [codec.decode_target(row.tolist()) for row in batch.targets] == parts["train"].targets
    assert [codec.source.text(row.tolist()) for row in batch.source] == parts["train"].sources
    assert spec["input_size"] == len(codec.source.vocabulary)
    assert spec["output_size"] == len(codec.target.vocabulary)


def test_the_second_time_files_are_not_read_and_another_setting_is_another_entry(tmp_path, monkeypatch):
    first = dataset(tmp_path, tokenizer="bpe", vocabulary_size=300)
    first.setup()
    settings = {"empty": "skip", "validation": 0.1, "test": 0.1, "minimum_count": 1, "vocabulary_size": 300}
    smaller = ParallelText(str(tmp_path / "all.tsv"), **{**settings, "vocabulary_size": 280})
    assert smaller.spec["input_size"] == 280 < first.spec["input_size"]
    monkeypatch.setattr(ParallelText, "read", lambda self: pytest.fail("the files were read again"))
    again = ParallelText(str(tmp_path / "all.tsv"), **settings)
    assert again.codec_state() == first.codec_state()
    assert again.data_version == first.data_version
    assert again.splits["train"].tokens.equal(first.splits["train"].tokens)


def test_vocabularies_are_of_the_training_texts_alone(tmp_path):
    train = write(tmp_path / "train.tsv", "a b\tx\nb a\tx\n")
    other = write(tmp_path / "other.tsv", "a c\tz\n")
    data = ParallelText(
        str(train), validation_path=str(other), test_path=str(other), tokenizer="words", minimum_count=1
    )
    tokens = [token for side in data.segmenters() for token in side.vocabulary]
    assert not {"▁c", "▁z"} & set(tokens)
    assert data._codec().decode_target(data.splits["test"][[0]].targets[0].tolist()) == "[UNK]"


def test_long_pairs_are_left_out_of_training_and_counted(tmp_path):
    path = write(tmp_path / "a.tsv", "".join(f"{'wort ' * n}\tword\n" for n in range(1, 41)))
    data = ParallelText(str(path), tokenizer="words", minimum_count=1, max_length=30, validation=0.1, test=0.1)
    train, texts = data.splits["train"], data.texts()
    assert int(train.source_lengths.max()) <= 30
    assert data.left_out == sum(len(source.split()) > 30 for source in texts["train"].sources) > 0
    assert len(train) + data.left_out == len(texts["train"].sources)
    assert len(data.splits["validation"]) == len(data.splits["test"]) == 4
    short = ParallelText(str(path), tokenizer="characters", minimum_count=1, max_length=1)
    with pytest.raises(ValueError, match=r"train split has no pair \(all 36 are longer than max_length 1"):
        short.setup()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"empty": "drop"}, "empty is 'drop'; expected 'refuse' or 'skip'"),
        ({"target_path": "b", "test_path": "c"}, "expected a target file for each source file, or for none"),
        ({"test_target_path": "c"}, "expected a target file for each source file, or for none"),
        ({"joint": True, "target_tokenizer": "words"}, "joint is True, the tokenizers are bpe and words"),
        ({"joint": True, "target_vocabulary_size": 9}, "vocabularies of 8000 and 9"),
        ({"max_length": 0}, "max_length is 0; expected at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ParallelText("a", **settings)
