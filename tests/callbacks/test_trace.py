"""A trace's file gives its records back."""

import pytest

from rnnzoo.callbacks import read_trace, write_trace


def test_the_file_gives_the_records_back_with_five_digits_and_what_a_record_lacks_stays_missing(tmp_path):
    records = [{"step": 0, "W": 1234567.0}, {"step": 1, "W": 1e-300, "U": 0.123456789}, {"step": 2, "U": float("inf")}]
    found = read_trace(write_trace(tmp_path / "folder" / "t.csv", records))
    assert found == [
        {"step": 0, "W": 1234600.0},
        {"step": 1, "W": 1e-300, "U": 0.12346},
        {"step": 2, "U": float("inf")},
    ]
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["t.csv"]


def test_an_older_file_is_replaced(tmp_path):
    for value in (1.0, 2.0):
        write_trace(tmp_path / "t.csv", [{"x": value}])
    assert read_trace(tmp_path / "t.csv") == [{"x": 2.0}]


def test_what_is_no_number_is_refused_with_its_line(tmp_path):
    (tmp_path / "t.csv").write_text("step,W\n0,1.5\n1,much\n")
    with pytest.raises(ValueError, match=r"t\.csv:3 .*expected numbers under step, W"):
        read_trace(tmp_path / "t.csv")
