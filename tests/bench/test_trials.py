"""Of several trials validation decides which is reported, and the test split never."""

import csv

import pytest

from rnnzoo.bench import training
from rnnzoo.bench.columns import columns, sources_of
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.report import notes, write_report
from rnnzoo.bench.runner import make_runs, row_file
from rnnzoo.bench.runs import Run, expand
from rnnzoo.bench.summary import summarise, superseded
from rnnzoo.bench.trials import best_trial, grid
from rnnzoo.callbacks import read_rows

RATES = {"learning_rate": [0.003, 0.01]}


@pytest.fixture
def tried(small_with):
    return small_with(trials=RATES)


@pytest.fixture
def trial(row):
    """The rows of one trial: its validation and its test accuracy."""

    def make(rate, validation, test, **changes):
        common = {"trial": {"learning_rate": rate}, "spec": f"spec{rate}", "contest": "contest", **changes}
        found = [row(split="test", value=test, **common)]
        return found if validation is None else [row(split="validation", value=validation, **common), *found]

    return make


def reported(lines):
    return [line.values["test", "accuracy"].mean for line in lines]


def test_a_grid_has_every_combination_in_the_order_of_the_table():
    assert grid({}) == [{}]
    assert grid({"a": [1, 2], "b": [3, 4]}) == [{"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4}]


def test_the_trial_that_is_best_on_validation_is_reported_though_another_tests_better(tried, trial):
    rows = [*trial(0.003, validation=0.6, test=0.9), *trial(0.01, validation=0.7, test=0.4)]
    for order in (rows, rows[::-1]):
        (line,) = summarise(tried, order)
        assert reported([line]) == [0.4]
        assert (line.trials, line.specs, line.tried) == ({0: {"learning_rate": 0.01}}, {0: "spec0.01"}, 2)


def test_where_less_is_better_the_least_wins(small_with, row):
    table = small_with(trials=RATES, monitor={"metric": "loss", "mode": "min"})
    rows = [
        row(split=split, metric="loss", value=value, trial={"learning_rate": rate}, spec=str(rate), contest="c")
        for rate, values in ((0.003, (0.2, 9.0)), (0.01, (0.3, 1.0)))
        for split, value in zip(("validation", "test"), values, strict=True)
    ]
    (line,) = summarise(table, rows)
    assert line.values["test", "loss"].mean == 9.0


def test_every_seed_has_its_own_winner_and_the_mean_is_over_those(tried, trial):
    rows = [
        *trial(0.003, 0.6, 0.5, seed=0), *trial(0.01, 0.5, 0.9, seed=0),
        *trial(0.003, 0.1, 0.9, seed=1), *trial(0.01, 0.2, 0.7, seed=1),
    ]  # fmt: skip
    (line,) = summarise(tried, rows)
    assert reported([line]) == [pytest.approx(0.6)]
    assert line.trials == {0: {"learning_rate": 0.003}, 1: {"learning_rate": 0.01}}


def test_of_equals_the_first_of_the_table_wins_and_one_without_a_value_never_does(trial):
    equal = [*trial(0.01, 0.5, 0.9), *trial(0.003, 0.5, 0.1)]
    assert best_trial(equal, RATES, "accuracy", "max")[0][0].trial == {"learning_rate": 0.003}
    diverged = [*trial(0.003, None, 0.9), *trial(0.01, 0.0, 0.1)]
    assert best_trial(diverged, RATES, "accuracy", "max")[0][0].trial == {"learning_rate": 0.01}


def test_trials_are_compared_under_the_same_other_settings_and_old_ones_are_left_out(tried, small_with, trial):
    old = [*trial(0.003, 0.9, 0.9, contest="old", spec="a"), *trial(0.01, 0.9, 0.9, contest="old", spec="b")]
    new = trial(0.003, 0.2, 0.3, finished_at="2026-02-01T00:00:00+00:00")
    (line,) = summarise(tried, [*old, *new])
    assert (reported([line]), line.tried, superseded(tried, [*old, *new])) == ([0.3], 1, 2)
    dropped = small_with(trials={"learning_rate": [0.003]})
    rows = [*trial(0.003, 0.2, 0.3), *trial(0.01, 0.9, 0.9)]
    assert (reported(summarise(dropped, rows)), superseded(dropped, rows)) == ([0.3], 1)


def test_the_report_names_the_winner_says_what_is_missing_and_keeps_every_trial(tried, trial, tmp_path):
    rows = [
        *trial(0.003, 0.6, 0.9), *trial(0.01, 0.7, 0.4),
        *trial(0.003, 0.5, 0.45, label="gru", layer="gru", spec="other", contest="other"),
    ]  # fmt: skip
    lines = summarise(tried, rows)
    shown = columns(tried, lines, sources_of(tried, lines))
    cells = {column.heading: column.cells for column in shown}
    assert cells["best learning rate"] == ["0.01", "0.003 (of 1 trials out of 2)"]
    assert "learning_rate in 0.003, 0.01" in notes(tried, rows)
    files = write_report(tried, rows, tmp_path, tmp_path)
    with files["trials"].open(newline="") as stream:
        told = [tuple(line.values()) for line in csv.DictReader(stream)]
    assert told == [
        ("gru", "0", "0.003", "0.5000", "0.4500", "yes"),
        ("srn", "0", "0.003", "0.6000", "0.9000", ""),
        ("srn", "0", "0.01", "0.7000", "0.4000", "yes"),
    ]


def test_every_seed_is_trained_once_a_trial_and_the_settings_say_which(tried):
    runs = expand(tried, layers=["srn"])
    assert [(run.seed, run.model["learning_rate"]) for run in runs] == [(0, 0.003), (0, 0.01), (1, 0.003), (1, 0.01)]
    assert len({run.spec for run in runs}) == 2
    assert len({run.contest for run in runs}) == 1
    assert runs[1].title == "srn seed 0, learning_rate=0.01"
    assert Run.from_json(runs[1].to_json()) == runs[1]


def test_what_the_trials_share_is_in_their_contest_the_budgets_width_too(small_with):
    def contest(**changes):
        table = small_with(**{"trials": RATES, "model": {}, "references": [], "quick": {}, **changes})
        return expand(table, layers=["srn"])[0].contest

    settings = ({}, {"model": {"dropout": 0.1}}, {"parameters": 2000}, {"parameters": 3000}, {"trainer": {}})
    assert len({contest(**changes) for changes in settings}) == len(settings)
    assert contest(trials={"learning_rate": [0.003]}) == contest()


def test_a_trial_is_no_run_of_the_same_table_without_trials(small_with):
    plain = small_with(model={"learning_rate": 0.01}, references=[], quick={})
    tried = small_with(model={}, trials={"learning_rate": [0.01]}, references=[], quick={})
    assert expand(plain)[0].model == expand(tried)[0].model
    assert expand(plain)[0].spec != expand(tried)[0].spec


def test_trials_are_trained_once_each_and_a_stopped_table_goes_on_with_the_missing_ones(tried, tmp_path):
    runs = expand(tried, layers=["srn"], seeds=1)
    make_runs(runs[:1], tmp_path, wandb="off")
    before = row_file(tmp_path, runs[0]).read_bytes()
    outcome = make_runs(runs, tmp_path, wandb="off")
    assert (outcome.there, outcome.made) == (runs[:1], runs[1:])
    assert row_file(tmp_path, runs[0]).read_bytes() == before
    rows = [row for run in runs for row in read_rows(row_file(tmp_path, run))]
    assert [row.trial for row in rows[::9]] == [{"learning_rate": 0.003}, {"learning_rate": 0.01}]
    assert {row.contest for row in rows} == {runs[0].contest}
    found = {
        row.trial["learning_rate"]: row.value for row in rows if (row.split, row.metric) == ("validation", "accuracy")
    }
    (line,) = summarise(tried, rows)
    assert line.trials[0]["learning_rate"] == max(found, key=found.get)


def test_the_row_has_the_solved_width_and_its_parameters(small_with, tmp_path):
    table = small_with(parameters=2000, model={"embedding_size": 8}, trainer={"max_epochs": 1}, references=[], quick={})
    (run,) = expand(table, layers=["srn"], seeds=1)
    row = training.train(run, tmp_path)[0]
    H = row.solved["hidden_size"]
    assert row.parameters == 80 + 8 * H + H * H + 2 * H + 19 * H + 19
    assert abs(row.parameters - 2000) <= 0.05 * 2000


def test_a_quick_table_may_have_fewer_trials(small_with):
    quick = {"entries": ["srn"], "trials": {"learning_rate": [0.01]}}
    runs = expand(small_with(trials=RATES, quick=quick), quick=True)
    assert [run.trial for run in runs] == [{"learning_rate": 0.01}]
    full = expand(small_with(trials=RATES, quick=quick), layers=["srn"], seeds=1)
    assert runs[0].spec == full[1].spec


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trials": [0.1]}, "expected a mapping"),
        ({"trials": {"learning_rate": 0.1}}, "expected a list"),
        ({"trials": {"learning_rate": []}}, "expected a list"),
        ({"trials": {"learning_rate": [0.1, 0.1]}}, "stands there twice"),
        ({"trials": {"learning_rate": ["3e-3"]}}, "YAML reads 3e-3 as text"),
        ({"trials": RATES, "quick": {"trials": {"learning_rate": [0.1]}}}, "not among the table's trials"),
        ({"trials": RATES, "quick": {"trials": {"dropout": [0.1]}}}, "not among the table's trials"),
    ],
)
def test_trials_that_cannot_be_made_are_refused_when_the_table_is_read(small_with, changes, message):
    with pytest.raises(TableError, match=message):
        small_with(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trials": {"learning_rat": [0.1]}}, "did you mean learning_rate"),
        ({"trials": {"dropout": [0.1]}}, "dropout is varied by the table's trials"),
    ],
)
def test_trials_of_what_the_task_does_not_take_or_the_table_has_already_are_refused(small_with, changes, message):
    with pytest.raises(TableError, match=message):
        expand(small_with(**changes))
