"""A user's folder of wav files: every row read, numbered by its own symbols, and errors with the table's line."""

import numpy as np
import pytest
from wav_files import tone, wav

from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.wav_folder import WavFolder
from rnnzoo.data.wav_labels import WavLabels

TEXTS = ["ab", "b a", "", "a  b", "abba", "b", "a", "bb", "ba", "aa"]


def write(folder, texts, column="transcript", table="transcripts.tsv", rates=(8000, 16000)):
    lines = [f"speaker\tfile\t{column}"]
    for i, text in enumerate(texts):
        rate = rates[i % len(rates)]
        (folder / f"{i}.wav").write_bytes(wav(np.round(tone(300 + 40 * i, 0.1 + 0.01 * i, rate) * 9000), rate))
        lines.append(f"x\t{i}.wav\t{text}")
    (folder / table).write_text("\n".join(lines) + "\n")
    return str(folder)


def texts_of(data):
    """The transcripts of all rows, by the length of their sound."""
    labels, found = data.spec["labels"], []
    for part in data.splits.values():
        batch = part[range(len(part))]
        joint = "" if data.unit == "character" else " "
        rows = [joint.join(labels[i] for i in row if i) for row in batch.targets.tolist()]
        found += sorted(zip(batch.lengths.tolist(), rows, strict=True))
    return [text for _, text in sorted(found)]


@pytest.mark.parametrize("unit", ["character", "word"])
def test_every_row_has_its_transcript_as_symbols(tmp_path, unit):
    data = WavFolder(write(tmp_path, TEXTS if unit == "character" else TEXTS * 3), unit=unit, rate=8000)
    expected = [" ".join(text.split()) for text in (TEXTS if unit == "character" else TEXTS * 3)]
    assert texts_of(data) == expected
    labels = ["", " ", "a", "b"] if unit == "character" else ["", *sorted({w for t in TEXTS for w in t.split()})]
    assert data.spec["labels"] == labels
    assert (data.spec["kind"], data.spec["unit"]) == ("transcript", unit)


def test_labels_are_those_of_the_table(tmp_path):
    data = WavLabels(write(tmp_path, list("abcab") * 4, "label", "labels.tsv"), rate=8000)
    assert data.spec["labels"] == ["a", "b", "c"]
    rows = [(n, t) for p in data.splits.values() for n, t in zip(p.lengths.tolist(), p.targets.tolist(), strict=True)]
    assert [target for _, target in sorted(rows)] == [0, 1, 2, 0, 1] * 4


def test_what_changes_in_the_folder_is_read_again(tmp_path):
    path = write(tmp_path, TEXTS)
    first = WavFolder(path, rate=8000).data_version
    assert WavFolder(path, rate=8000).data_version == first
    (tmp_path / "4.wav").write_bytes(wav(np.arange(5000), 8000))
    assert WavFolder(path, rate=8000).data_version != first


@pytest.mark.parametrize(
    ("table", "error", "told"),
    [
        ("file\ttranscript\nno.wav\ta", DamagedFile, r"line 2: there is no file 'no.wav'"),
        ("file\ttranscript\n0.wav\ta\tb", DamagedFile, "line 2: 3 fields"),
        ("name\ttranscript\n0.wav\ta", ValueError, "0 columns 'file'; its columns are name, transcript"),
        ("file\ttranscript\n\n", ValueError, "no line below its header"),
        ("file\ttranscript" + "\n0.wav\t" * 5, ValueError, "every training transcript is empty"),
        ("file\ttranscript" + "".join(f"\n0.wav\t{letter}" for letter in "abcdefgh"), ValueError,
         r"line \d: '[a-h]' is in no training transcript"),
    ],
)  # fmt: skip
def test_a_table_that_does_not_fit_says_which_line(tmp_path, table, error, told):
    path = write(tmp_path, ["a"])
    (tmp_path / "transcripts.tsv").write_text(table)
    with pytest.raises(error, match=told):
        WavFolder(path).setup()


def test_a_file_that_is_no_wav_is_named(tmp_path):
    path = write(tmp_path, TEXTS)
    (tmp_path / "5.wav").write_bytes(b"no sound")
    with pytest.raises(DamagedFile, match=r"5\.wav is no wav"):
        WavFolder(path).setup()
    with pytest.raises(MissingData, match=r"transcripts\.tsv"):
        WavFolder(str(tmp_path / "elsewhere")).setup()


@pytest.mark.parametrize(("labels", "told"), [("a" * 9, "one training label only"), ("aaaaaaaabcdefgh", "line")])
def test_labels_that_cannot_be_told_apart_or_are_unseen_say_so(tmp_path, labels, told):
    with pytest.raises(ValueError, match=told):
        WavLabels(write(tmp_path, list(labels), "label", "labels.tsv"), validation=0.3, test=0.3).setup()
