"""A table's traces stand beside its rows, survive what the rows survive, and are refused before a training begins."""

import json
import math
from functools import partial

import pytest

from rnnzoo.bench import training
from rnnzoo.bench.errors import MissingTrace, TableError
from rnnzoo.bench.pictures import Drawn, pictures
from rnnzoo.bench.report import table_rows
from rnnzoo.bench.runner import make_runs, row_file
from rnnzoo.bench.runs import expand
from rnnzoo.bench.summary import summarise
from rnnzoo.bench.table import load_table
from rnnzoo.bench.traces import load_traces, trace_file
from rnnzoo.callbacks import NonFinite, ResumePoint, read_rows, read_trace
from rnnzoo.registry import UnknownName

NORMS = {"gradient_norms": {"tensors": {"W": "*.weight_ih"}}}
make = partial(make_runs, wandb="off")


@pytest.fixture
def traced(small_with):
    return small_with(traces=NORMS, figures=["gradient_norms_against_step"])


def test_a_run_has_its_trace_beside_its_rows_and_its_summary_among_them(traced, tmp_path):
    runs = expand(traced, layers=["srn"], seeds=1)
    assert make(runs, tmp_path).made == runs
    lines = summarise(traced, table_rows(traced, tmp_path))
    (found,) = load_traces(tmp_path, traced, lines, "gradient_norms")
    assert (found.label, found.seed) == ("srn", 0)
    assert [record["step"] for record in found.records] == list(range(4 * 6))
    share = [row for row in read_rows(row_file(tmp_path, runs[0])) if row.metric == "share_small_W"]
    assert [(row.split, row.n, row.unit) for row in share] == [("train", 14, "fraction")]
    assert share[0].value == sum(record["W"] < 1e-3 for record in found.records[10:]) / 14
    assert lines[0].seconds_per_epoch == pytest.approx(300 / share[0].samples_per_second, rel=0.02)  # rounded
    assert pictures(Drawn(traced, lines, tmp_path))["gradient_norms_against_step"].axes


def test_the_confusions_of_the_best_entrys_seeds_are_added_up(small_with, tmp_path):
    table = small_with(
        traces={"confusion": {}}, figures=["confusion"], trainer={"max_epochs": 1}, data={"name": "digit_sum"}
    )
    runs = expand(table, layers=["srn", "none"], seeds=2)
    assert make(runs, tmp_path).made == runs
    lines = summarise(table, table_rows(table, tmp_path))
    best = max(lines, key=lambda line: line.values["test", "accuracy"].mean)
    figure = pictures(Drawn(table, lines, tmp_path))["confusion"]
    cells = {text.get_position(): int(text.get_text()) for text in figure.axes[0].texts}
    assert sum(cells.values()) == 2 * 100
    right = sum(count for (column, row), count in cells.items() if column == row)
    assert right / 200 == pytest.approx(best.values["test", "accuracy"].mean)
    assert f"{best.label}, 2 seeds" in figure.axes[0].get_title(loc="left") + figure.axes[0].get_title()


def test_traces_change_nothing_of_a_training(small, small_with, tmp_path):
    both = {"gradient_norms": {}, "gradient_reach": {"sequences": 2}, "confusion": {}}
    values = []
    for name, table in (("without", small), ("with", small_with(traces=both))):
        (run,) = expand(table, layers=["gru"], seeds=1)
        rows = training.train(run, tmp_path / name)
        values.append({(r.split, r.metric): r.value for r in rows if r.metric in ("accuracy", "loss")})
    assert values[0] == values[1]


def test_a_run_stopped_in_the_middle_has_the_trace_of_an_undisturbed_one(small_with, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "ResumePoint", partial(ResumePoint, every_seconds=0.0))
    (run,) = expand(small_with(traces={**NORMS, "gradient_reach": {}}), layers=["srn"], seeds=1)
    training.train(run, tmp_path / "undisturbed")

    def stop(share):
        if share > 0.6:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        training.train(run, tmp_path / "stopped", progress=stop)
    training.train(run, tmp_path / "stopped")
    for name in ("gradient_norms.csv", "gradient_reach.csv"):
        assert (tmp_path / "stopped" / name).read_text() == (tmp_path / "undisturbed" / name).read_text()


def test_a_trace_that_is_gone_is_named_with_the_command_that_makes_it(traced, tmp_path):
    (run,) = expand(traced, layers=["srn"], seeds=1)
    make([run], tmp_path)
    trace_file(row_file(tmp_path, run), "gradient_norms").unlink()
    lines = summarise(traced, table_rows(traced, tmp_path))
    with pytest.raises(MissingTrace, match=rf"{run.id}\.gradient_norms\.csv.*`rnnzoo bench run small` makes both"):
        load_traces(tmp_path, traced, lines, "gradient_norms")


def test_a_picture_of_a_trace_needs_a_table_with_it(small_with, tmp_path):
    with pytest.raises(TableError, match="table small has no trace gradient_norms; add `traces:"):
        pictures(Drawn(small_with(figures=["gradient_norms_against_step"]), [], tmp_path))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"traces": {"gradient_norm": {}}}, UnknownName, "did you mean gradient_norms"),
        ({"traces": {"gradient_norms": {"tensor": {}}}}, TableError, "did you mean tensors"),
        ({"traces": ["gradient_norms"]}, TableError, "is a mapping such as"),
        ({"divergence": "recrod"}, TableError, "did you mean record"),
    ],
)
def test_a_trace_that_there_is_not_is_refused_before_training(small_with, changes, error, message):
    with pytest.raises(error, match=message):
        expand(small_with(**changes))


def test_a_run_with_traces_is_another_run_and_one_without_keeps_its_name(small, small_with):
    specs = [expand(table)[0].spec for table in (small, small_with(traces=NORMS), small_with(divergence="record"))]
    assert len(set(specs)) == 3
    assert expand(small_with(traces={}, divergence="stop"))[0].spec == specs[0]


def test_where_divergence_is_recorded_the_run_ends_there_with_what_is_finite(small_with, tmp_path, monkeypatch):
    class Diverges(NonFinite):
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            if trainer.global_step == 12:
                pl_module.head.weight.grad.fill_(math.inf)
            super().on_before_optimizer_step(trainer, pl_module, optimizer)

    monkeypatch.setattr(training, "NonFinite", Diverges)
    (run,) = expand(small_with(traces=NORMS, divergence="record"), layers=["srn"], seeds=1)
    assert make([run], tmp_path).made == [run]
    rows = {(row.split, row.metric): row for row in read_rows(row_file(tmp_path, run))}
    assert rows["train", "diverged_at_step"].value == 12
    assert ("test", "accuracy") in rows
    assert len(read_trace(trace_file(row_file(tmp_path, run), "gradient_norms"))) == 12
    assert all(math.isfinite(json.loads(line)["value"]) for line in row_file(tmp_path, run).read_text().splitlines())


def test_the_reach_is_drawn_at_the_start_and_after_training_at_the_middle_and_the_largest_lag(small_with, tmp_path):
    table = small_with(
        data={"name": "delayed_recall", "training": 64, "validation": 32, "test": 32},
        variants={"lag": [2, 3, 5, 8]}, traces={"gradient_reach": {"sequences": 2, "fraction": 0.1}},
        figures=["gradient_reach", "accuracy_against_lag"], references=[], trainer={"max_epochs": 1},
    )  # fmt: skip
    make(expand(table, seeds=1), tmp_path)
    drawn = pictures(Drawn(table, summarise(table, table_rows(table, tmp_path)), tmp_path))
    found = {axis.get_title(loc="left"): axis for axis in drawn["gradient_reach"].axes}
    assert list(found) == ["at the start", "after training at lag 3", "after training at lag 8"]
    assert [len(axis.lines[0].get_xdata()) for axis in found.values()] == [10, 5, 10]
    (axis,) = drawn["accuracy_against_lag"].axes
    assert [list(line.get_xdata()) for line in axis.lines[:2]] == [[2, 3, 5, 8]] * 2
    assert axis.get_xscale() == "log"


def test_a_table_of_gradients_expands_and_each_of_its_runs_has_its_trace():
    for name, count, trace in (
        ("exploding-gradients", 7 * 10, "gradient_norms"), ("vanishing-gradients", 8 * 6 * 3, "gradient_reach"),
    ):  # fmt: skip
        runs = expand(load_table(name))
        assert len({run.id for run in runs}) == count
        assert {tuple(run.traces) for run in runs} == {(trace,)}
