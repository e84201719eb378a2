"""Series in .ts, .tsv and .npz files: what a file says is what is read; what is wrong is told with file and line."""

import gzip

import numpy as np
import pytest

from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data._labelled_series_files import read_series

HEAD = "#a comment\n@problemName Made\n@timeStamps false\n@classLabel true up down\n@data\n"


def write(folder, text, name="made.ts"):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def told(series):
    return [(one.values.tolist(), one.times.tolist(), one.label, one.targets) for one in series]


@pytest.mark.parametrize("name", ["made.ts", "made.ts.gz"])
def test_channels_have_colons_between_and_the_class_is_last(tmp_path, name):
    found = read_series(write(tmp_path, HEAD + "1,2.5,-3:4,5,6e1:up\n\n# between\n7:8:down\n", name))
    assert told(found) == [([[1, 4], [2.5, 5], [-3, 60]], [0, 1, 2], "up", ()), ([[7, 8]], [0], "down", ())]
    assert found[1].place.endswith(f"{name}, line 9")


def test_question_marks_and_nan_are_missing_values(tmp_path):
    (one,) = read_series(write(tmp_path, HEAD + "1,?,NaN,4:up"))
    np.testing.assert_array_equal(one.values[:, 0], [1, np.nan, np.nan, 4])


def test_channels_with_times_of_their_own_are_joined(tmp_path):
    text = HEAD.replace("timeStamps false", "timeStamps true") + "(0,1),(2.5,2):(1,7),(2.5,8),(4,?):down"
    (one,) = read_series(write(tmp_path, text))
    assert one.times.tolist() == [0, 1, 2.5, 4]
    np.testing.assert_array_equal(one.values, [[1, np.nan], [np.nan, 7], [2, 8], [np.nan, np.nan]])


def test_targets_are_numbers(tmp_path):
    text = HEAD.replace("@classLabel true up down", "@targetLabel true") + "1,2:0.5\n3,4:-7"
    assert [(one.label, one.targets) for one in read_series(write(tmp_path, text))] == [("", (0.5,)), ("", (-7.0,))]


def test_a_tsv_line_is_a_class_and_values_of_which_the_missing_last_are_none(tmp_path):
    found = read_series(write(tmp_path, "1\t0.5\t0.25\tNaN\n-1\t1\tNaN\t3\n", "made.tsv"))
    assert found[0].values.tolist() == [[0.5], [0.25]]
    np.testing.assert_array_equal(found[1].values[:, 0], [1, np.nan, 3])
    assert [one.label for one in found] == ["1", "-1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "1,2:sideways", r"made.ts, line 6: class 'sideways'; expected one of up, down"),
        (HEAD + "1,2:up\n1,two:up", "line 7, channel 1: value 2 is 'two'; expected a number"),
        (HEAD + "1,inf:up", "line 6, channel 1: value 2 is 'inf'; expected a finite number"),
        (HEAD + "1,2:3:up", r"line 6: channels of \[2, 1\] values; expected the same number in all"),
        (HEAD + "1,2:up\n1,2:3,4:up", r"line 7: 2 channel\(s\), .*line 6 has 1; expected as many"),
        (HEAD + "1,2", "line 6: no colon; expected values, a colon, and a class or target"),
        (HEAD, "has no series; expected at least one"),
        ("1,2:up", r"line 1: '1,2:up'; expected @data before the first series"),
        ("@classLabel true up\n", "has no @data"),
        ("@data\n1:2", "@classLabel is false and @targetLabel false; expected one to be true"),
        ("@classLabel maybe\n@data\n1:2", "@classLabel is 'maybe'; expected true or false"),
        ("@dimensions 2\n" + HEAD + "1,2:up", r"line 7: 1 channel\(s\); the header says 2 \(@dimensions\)"),
        ("@seriesLength 3\n" + HEAD + "1,2:up", r"line 7: 2 step\(s\); the header says 3 \(@serieslength\)"),
        ("@timeStamps true\n@classLabel true a\n@data\n(0,1),2:a", r"line 4, channel 1: '\(0,1\),2'; expected pairs"),
        ("@timeStamps true\n@classLabel true a\n@data\n(1,1),(1,2):a", "channel 1: its times do not rise"),
        ("@timeStamps true\n@classLabel true a\n@data\n(x,1):a", "channel 1, times: value 1 is 'x'; expected a number"),
        ("@targetLabel true\n@data\n1,2:?", "line 3: value 1 is '\\?'; expected a number"),
    ],
)
def test_what_is_wrong_in_a_ts_file_is_told_with_its_line(tmp_path, text, message):
    with pytest.raises(DamagedFile, match=message):
        read_series(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,0.5,0.25\n", "made.tsv, line 1: no tab"),
        ("1\t2\n1\tx\n", "line 2: value 1 is 'x'"),
        ("1\tNaN\tNaN\n", "line 1: no value at all"),
        ("\n", "has no series"),
    ],
)
def test_what_is_wrong_in_a_tsv_file_is_told_with_its_line(tmp_path, text, message):
    with pytest.raises(DamagedFile, match=message):
        read_series(write(tmp_path, text, "made.tsv"))


def npz(folder, **arrays):
    np.savez(folder / "made.npz", **arrays)
    return folder / "made.npz"


def test_series_of_one_length_and_of_several_are_read_from_arrays(tmp_path):
    values = np.arange(12.0).reshape(2, 3, 2)
    same = read_series(npz(tmp_path, values=values, labels=np.array(["a", "b"])))
    assert told(same) == [(values[i].tolist(), [0, 1, 2], "ab"[i], ()) for i in range(2)]
    flat = {"values": np.arange(5.0), "lengths": np.array([2, 3]), "times": np.array([0, 3, 1, 2, 9.5])}
    several = read_series(npz(tmp_path, targets=np.array([[1, 2], [3, 4]]), **flat))
    assert told(several) == [([[0], [1]], [0, 3], "", (1, 2)), ([[2], [3], [4]], [1, 2, 9.5], "", (3, 4))]


VALUES, LABELS = np.zeros((2, 3)), np.array([0, 1])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"values": VALUES}, "has the arrays values; expected values, either labels or targets"),
        ({"values": VALUES, "labels": LABELS, "targets": LABELS}, "either labels or targets"),
        ({"values": np.zeros(3), "labels": LABELS}, r"values has shape \(3,\)"),
        ({"values": VALUES, "labels": LABELS[:1]}, r"shape \(1,\) for 2 series"),
        ({"values": VALUES, "labels": np.array([0.5, 1])}, "numbers to be predicted are called targets"),
        ({"values": VALUES, "targets": np.array([0.5, np.nan])}, "finite numbers"),
        ({"values": np.zeros(5), "lengths": np.array([2, 2]), "labels": LABELS}, "adds up to 4, values has 5 steps"),
        ({"values": VALUES, "labels": LABELS, "times": np.zeros(3)}, "expected a number a step"),
    ],
)
def test_arrays_that_do_not_fit_are_told(tmp_path, arrays, message):
    with pytest.raises(DamagedFile, match=message):
        read_series(npz(tmp_path, **arrays))


def test_files_that_are_missing_or_of_another_kind_are_refused(tmp_path):
    for name in ("none.ts", "none.npz"):
        with pytest.raises(MissingData, match=f"there is no file .*{name}"):
            read_series(tmp_path / name)
    with pytest.raises(ValueError, match=r"none of .ts, .tsv, .npz"):
        read_series(tmp_path / "made.csv")
    (tmp_path / "bad.npz").write_bytes(b"PK no zip")
    with pytest.raises(DamagedFile, match=r"cannot be read as an .npz file"):
        read_series(tmp_path / "bad.npz")
