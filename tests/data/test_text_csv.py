"""A user's own tables, good and bad."""

import gzip
import json

import pytest

from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.text_csv import TextCsv

ROWS = [(f"text {i}, with a comma", ["no", "yes", "maybe"][i % 3]) for i in range(12)]


def write(path, rows=ROWS, names=("text", "label")):
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[1]
    if kind == "jsonl":
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    elif kind == "csv":
        lines = [",".join(f'"{value}"' for value in row) for row in (names, *rows)]
    else:
        lines = ["\t".join(row) for row in (names, *rows)]
    content = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)


def texts(data, split="train"):
    return data.read().splits[split].texts


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.csv.gz", "a.tsv.gz", "a.jsonl.gz"])
def test_every_format_gives_the_same_rows(tmp_path, name):
    data = TextCsv(write(tmp_path / name))
    raw = data.read()
    assert raw.labels == ["maybe", "no", "yes"]
    pairs = [(text, raw.labels[label]) for part in raw.splits.values() for text, label in zip(*part, strict=True)]
    assert sorted(pairs) == sorted(ROWS)
    assert data.spec["labels"] == ["maybe", "no", "yes"]


def test_files_of_their_own_for_the_splits_are_taken_whole(tmp_path):
    train, dev, test = (write(tmp_path / f"{i}.csv", ROWS[i::3] + ROWS[:3]) for i in range(3))
    data = TextCsv(train, validation_path=dev, test_path=test)
    for split, i in (("train", 0), ("validation", 1), ("test", 2)):
        assert texts(data, split) == [text for text, _ in ROWS[i::3] + ROWS[:3]]


def test_splits_are_disjoint_complete_and_drawn_by_their_seed(tmp_path):
    path = write(tmp_path / "a.csv")
    data = TextCsv(path, validation=0.25, test=0.25)
    parts = {split: texts(data, split) for split in ("train", "validation", "test")}
    assert [len(part) for part in parts.values()] == [6, 3, 3]
    assert sorted(text for part in parts.values() for text in part) == sorted(text for text, _ in ROWS)
    assert texts(TextCsv(path, validation=0.25, test=0.25, seed=3), "test") == parts["test"]
    assert texts(TextCsv(path, validation=0.25, test=0.25, split_seed=3), "test") != parts["test"]


@pytest.mark.parametrize("names", [("review", "sentiment"), ("sentence", "category"), ("text", "label")])
def test_the_usual_columns_are_found_and_others_can_be_named(tmp_path, names):
    write(tmp_path / "a.csv", names=names)
    assert len(texts(TextCsv(str(tmp_path / "a.csv")))) == 10
    write(tmp_path / "b.csv", names=("body", "stars"))
    assert len(texts(TextCsv(str(tmp_path / "b.csv"), text_column="body", label_column="stars"))) == 10


def test_labels_that_are_numbers_are_ordered_as_numbers(tmp_path):
    rows = [(f"text {i}", i % 11) for i in range(22)]
    assert TextCsv(write(tmp_path / "a.jsonl", rows)).read().labels == [str(i) for i in range(11)]


def test_a_quoted_text_may_hold_lines_quotes_and_a_byte_order_mark_is_no_column(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text,label\n"two\nlines, ""quoted""",a\nplain,b\n\nthird,a\n', encoding="utf-8-sig")
    raw = TextCsv(str(path)).read()
    assert sorted(text for part in raw.splits.values() for text in part.texts) == [
        "plain",
        "third",
        'two\nlines, "quoted"',
    ]


def test_a_text_longer_than_the_csv_modules_limit_is_read(tmp_path):
    long = "word " * 40_000
    path = write(tmp_path / "a.csv", [*ROWS, (long, "yes")])
    assert any(long in texts(TextCsv(path), split) for split in ("train", "validation", "test"))


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.csv", b"body,label\nx,1\n", ValueError, "none of text, review, sentence; its columns are body, label"),
        ("a.csv", b"text,stars\nx,1\n", ValueError, "Set label_column"),
        ("a.csv", b"text,label\nfine,1\ncaf\xe9,0\n", DamagedFile, "0xe9 at offset 21, line 3. Convert"),
        ("a.csv", b"", ValueError, "no examples"),
        ("a.csv", b"text,label\n", ValueError, "no examples"),
        ("a.csv", b"text,label\nx,1\n  ,0\n", ValueError, "line 3: 'text' is empty"),
        ("a.csv", b"text,label\nx,1\ny,\n", ValueError, "line 3: 'label' is empty"),
        ("a.csv", b"text,label\nx,1\ny,1\nz,1\n", ValueError, "one label only, '1'"),
        ("a.csv", b"text,label\nx, y,1\n", DamagedFile, "line 2: 3 fields, but the header has 2"),
        ("a.csv", b'text,label\n"x,1\n', DamagedFile, "a quote may be missing"),
        ("a.csv", b"text,label\nx,1\ny,0\n", ValueError, "leave none to train on"),
        ("a.jsonl", b'{"text": "x", "label": 1}\n{"text": "y"}\n', ValueError, "line 2: 'label' is missing"),
        ("a.jsonl", b'{"text": ["x"], "label": 1}\n', ValueError, "'text' is a list"),
        ("a.jsonl", b'{"text": "x", "label": 1}\n{"text":\n', DamagedFile, "line 2: not JSON"),
        ("a.jsonl", b"[1, 2]\n", DamagedFile, "line 1: a list"),
        ("a.csv.gz", gzip.compress(b"text,label\nx,1\n", mtime=0)[:-9], DamagedFile, "cannot be unpacked"),
        ("a.csv.gz", b"text,label\nx,1\n", DamagedFile, "cannot be unpacked"),
        ("a.xlsx", b"", ValueError, "none of .csv, .tsv, .jsonl"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, name, content, error, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message) as raised:
        _ = TextCsv(str(tmp_path / name)).spec
    assert str(tmp_path / name) in str(raised.value) or "leave none" in message


def test_a_column_that_was_named_and_is_not_there_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"no column 'body'; its columns are text, label. Set text_column"):
        _ = TextCsv(write(tmp_path / "a.csv"), text_column="body").spec


def test_a_file_that_is_not_there_and_a_label_nobody_trained_on_are_said(tmp_path):
    with pytest.raises(MissingData, match=r"there is no file .*nowhere\.csv"):
        _ = TextCsv(str(tmp_path / "nowhere.csv")).spec
    train, test = write(tmp_path / "a.csv"), write(tmp_path / "b.csv", [*ROWS, ("x", "perhaps")])
    with pytest.raises(
        ValueError, match=r"b\.csv, line 14: label 'perhaps' is not among the training labels, maybe, no"
    ):
        _ = TextCsv(train, test_path=test).spec
