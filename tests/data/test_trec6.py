"""Questions from small files of the official format."""

import hashlib

import pytest

from rnnzoo.data import trec6
from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.trec6 import Trec6

TRAIN = "".join(f"{label} Who or what is it {n} ?\n" for n in range(10) for label in ("HUM:ind", f"LOC:city{n % 2}"))
TRAIN += "NUM:date When ?\nNUM:date When ?\nDESC:def What is caf\xe9 ?\n"
TEST = "NUM:date When ?\nABBR:exp What does it stand for ?\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    def write(train=TRAIN, test=TEST):
        contents = {"train_5500.label": train.encode("latin-1"), "TREC_10.label": test.encode("latin-1")}
        for name, content in contents.items():
            (tmp_path / name).write_bytes(content)
        monkeypatch.setattr(trec6, "SHA256", {n: hashlib.sha256(c).hexdigest() for n, c in contents.items()})
        return str(tmp_path)

    return write


def test_a_line_is_a_label_and_a_question_in_latin_1(folder):
    raw = Trec6(dir=folder(), leak=True).read()
    assert raw.labels == ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"]
    assert raw.splits["test"] == (["When ?", "What does it stand for ?"], [5, 0])
    rows = [pair for split in ("train", "validation") for pair in zip(*raw.splits[split], strict=True)]
    assert len(rows) == 23
    assert ("What is café ?", 1) in rows


def test_questions_of_the_test_are_left_out_of_training_unless_asked_for(folder):
    path = folder()
    for leak, times in ((True, 2), (False, 0)):
        splits = Trec6(dir=path, leak=leak).read().splits
        assert (splits["train"].texts + splits["validation"].texts).count("When ?") == times
        assert splits["test"].texts.count("When ?") == 1


@pytest.mark.parametrize("seed", range(4))
def test_no_validation_question_is_in_training(folder, seed):
    splits = Trec6(dir=folder(), validation=0.3, split_seed=seed, leak=True).read().splits
    assert not set(splits["train"].texts) & set(splits["validation"].texts)


def test_fine_labels_are_those_of_training(folder):
    raw = Trec6(dir=folder(test="LOC:city1 Where ?\n"), labels="fine").read()
    assert raw.labels == ["DESC:def", "HUM:ind", "LOC:city0", "LOC:city1", "NUM:date"]
    assert raw.splits["test"] == (["Where ?"], [3])


def test_a_fine_label_that_no_training_question_has_is_named(folder):
    with pytest.raises(DamagedFile, match="ABBR:exp"):
        Trec6(dir=folder(), labels="fine", leak=True).read()


@pytest.mark.parametrize("line", ["HUM Who ?", "HUM:ind", "WHO:ind Who ?", "HUM: Who ?"])
def test_a_line_that_is_no_question_is_named(folder, line):
    with pytest.raises(DamagedFile, match=r"TREC_10\.label, line 3: .* expected LABEL:fine and a question"):
        Trec6(dir=folder(test=f"{TEST}{line}\n")).read()


def test_another_file_of_the_name_is_refused(folder, tmp_path):
    path = folder()
    (tmp_path / "TREC_10.label").write_text(TEST[:-9])
    with pytest.raises(DamagedFile, match="expected"):
        Trec6(dir=path).read()


def test_missing_files_name_the_official_source(tmp_path):
    with pytest.raises(MissingData, match=r"https://cogcomp\.seas\.upenn\.edu/Data/QA/QC/train_5500\.label"):
        Trec6(dir=str(tmp_path), download=False).read()


@pytest.mark.data
def test_the_real_questions_are_all_there(data_dir):
    whole = Trec6(dir=str(data_dir), leak=True).read()
    counts = {split: len(part.texts) for split, part in whole.splits.items()}
    assert counts["train"] + counts["validation"] == 5_452
    assert counts["test"] == 500
    assert len(Trec6(dir=str(data_dir), labels="fine").spec["labels"]) == 50
    training = Trec6(dir=str(data_dir)).read().splits
    assert not {*training["train"].texts, *training["validation"].texts} & {*training["test"].texts}
