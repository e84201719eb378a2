"""The attempts of a run make one file of curves, in which no step stands twice and none is lost."""

import csv

from rnnzoo.bench.curves import next_attempt, write_curves


def write(folder, attempt, text):
    path = folder / "logs" / f"attempt-{attempt}" / "metrics.csv"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if value} for row in csv.DictReader(file)]


def test_steps_that_an_attempt_repeats_are_its_own(tmp_path):
    write(tmp_path, 0, "a,step\n1,10\n2,20\n3,30\n")
    write(tmp_path, 1, "a,b,step\n4,,20\n5,6,30\n")
    write_curves(tmp_path)
    assert rows(tmp_path) == [
        {"step": "10", "a": "1"},
        {"step": "20", "a": "4"},
        {"step": "30", "a": "5", "b": "6"},
    ]


def test_a_line_that_a_killed_run_has_not_ended_is_left_out(tmp_path):
    write(tmp_path, 0, "a,step\n1,10\n2,2")
    write(tmp_path, 1, "a,step\n3,15\n")
    write_curves(tmp_path)
    assert rows(tmp_path) == [{"step": "10", "a": "1"}, {"step": "15", "a": "3"}]


def test_an_attempt_that_logged_nothing_takes_nothing_away(tmp_path):
    write(tmp_path, 0, "a,step\n1,10\n")
    write(tmp_path, 1, "")
    (tmp_path / "logs" / "attempt-2").mkdir()
    write_curves(tmp_path)
    assert rows(tmp_path) == [{"step": "10", "a": "1"}]


def test_the_tenth_attempt_comes_behind_the_ninth(tmp_path):
    for attempt in range(11):
        assert next_attempt(tmp_path) == f"attempt-{attempt}"
        write(tmp_path, attempt, f"a,step\n{attempt},{attempt}\n")
    write_curves(tmp_path)
    assert [row["a"] for row in rows(tmp_path)] == [str(attempt) for attempt in range(11)]


def test_without_curves_there_is_no_file(tmp_path):
    assert write_curves(tmp_path) is None
    assert not (tmp_path / "metrics.csv").exists()
