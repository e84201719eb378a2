"""Sets of the UCR archive: files found by the set's name, official splits, validation series held out."""

import numpy as np
import pytest

from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.series_files import SeriesFiles
from rnnzoo.data.ucr import Ucr

HEAD = "@classLabel true 1 2\n@data\n"


def write_set(folder, name="Made", rows=8):
    folder.mkdir(parents=True)
    for part in ("TRAIN", "TEST"):
        lines = [f"{i},{i + 1},{i * i}:{1 + i % 2}" for i in range(rows)]
        (folder / f"{name}_{part}.ts").write_text(HEAD + "\n".join(lines))


@pytest.mark.parametrize("place", ["ucr/Made", "Made"])
def test_a_set_is_found_by_its_name(tmp_path, monkeypatch, place):
    write_set(tmp_path / place)
    monkeypatch.setenv("RNNZOO_DATA", str(tmp_path))
    data = Ucr("Made", normalize="none")
    assert data.splits["test"][[3]].inputs.tolist() == [[[3], [4], [9]]]
    assert data.splits["test"][range(8)].targets.tolist() == [0, 1] * 4
    assert data.spec["labels"] == ["1", "2"]


def test_without_a_share_the_validation_series_are_those_to_train_on(tmp_path):
    write_set(tmp_path / "Made")
    data = Ucr("Made", dir=str(tmp_path))
    assert data.series["validation"] == data.series["train"]
    held = Ucr("Made", dir=str(tmp_path), validation=0.25)
    assert [len(held.series[split]) for split in ("train", "validation", "test")] == [6, 2, 8]
    places = {one.place for one in held.series["train"]}
    assert not places & {one.place for one in held.series["validation"]}
    assert Ucr("Made", dir=str(tmp_path)).data_version != held.data_version


def test_a_set_that_is_not_there_is_told_where_to_have_it(tmp_path):
    with pytest.raises(MissingData, match=r"no Made_TRAIN.ts or .*Unpack Made.zip of https://www"):
        Ucr("Made", dir=str(tmp_path)).setup()


def test_a_file_of_a_known_set_with_other_content_is_refused(tmp_path):
    write_set(tmp_path / "GunPoint", "GunPoint")
    with pytest.raises(DamagedFile, match=r"GunPoint_TRAIN.ts is not the archive's"):
        Ucr("GunPoint", dir=str(tmp_path)).setup()


def test_ones_own_files_are_split_by_shares_or_by_file(tmp_path):
    write_set(tmp_path / "Made", rows=20)
    one = str(tmp_path / "Made" / "Made_TRAIN.ts")
    drawn = SeriesFiles(one)
    assert [len(drawn.series[split]) for split in ("train", "validation", "test")] == [14, 3, 3]
    again = SeriesFiles(one, split_seed=1)
    assert [s.place for s in drawn.series["test"]] != [s.place for s in again.series["test"]]
    apart = SeriesFiles(one, test_path=str(tmp_path / "Made" / "Made_TEST.ts"))
    assert [len(apart.series[split]) for split in ("train", "validation", "test")] == [17, 3, 20]


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "rows", "channels", "lengths", "classes"),
    [
        ("GunPoint", (50, 150), 1, {150}, 2),
        ("ItalyPowerDemand", (67, 1029), 1, {24}, 2),
        ("JapaneseVowels", (270, 370), 12, set(range(7, 30)), 9),
        ("BasicMotions", (40, 40), 6, {100}, 4),
    ],
)
def test_the_archives_sets_are_as_it_says(data_dir, name, rows, channels, lengths, classes):
    data = Ucr(name, dir=str(data_dir))
    assert (len(data.splits["train"]), len(data.splits["test"])) == rows
    assert (data.spec["input_size"], data.spec["output_size"]) == (channels, classes)
    found = {len(one.values) for part in ("train", "test") for one in data.series[part]}
    assert found <= lengths
    assert {min(found), max(found)} == {min(lengths), max(lengths)}
    values = data.splits["train"].values.numpy()
    np.testing.assert_allclose(values.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(values.std(0), 1, atol=1e-4)
