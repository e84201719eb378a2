"""A rerun of the cheapest run: which it is, what it is held against, and what is no longer to be made again."""

import math
from dataclasses import replace

import pytest
import yaml

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.runs import expand
from rnnzoo.bench.summary import summarise
from rnnzoo.bench.verify import REPEATABILITY, Bound, Verified, bound_of, cheapest, run_of
from rnnzoo.cli import main


def rows_of(row, values, **changes):
    return [row(seed=seed, value=value, **changes) for seed, value in enumerate(values)]


def test_the_cheapest_is_the_quickest_training_that_the_report_shows(small_with, row):
    table = small_with(trials={"learning_rate": [0.1, 0.2]})
    rows = [
        row(label=label, layer=label, spec=f"{label}{rate}", contest=label, trial={"learning_rate": rate}, split=split,
            seconds=seconds, steps=steps, value=rate if split == "validation" else 0.5)
        for label, rate, seconds, steps in (
            ("srn", 0.1, 1.0, 10), ("srn", 0.2, 5.0, 10),  # validation chose the second
            ("gru", 0.2, 3.0, 10), ("none", 0.2, 0.1, 0),  # the last was not trained
        )
        for split in ("validation", "test")
    ]  # fmt: skip
    found, line, of = cheapest(table, rows)
    assert (found.label, found.seconds, line.label, of) == ("gru", 3.0, "gru", 3)
    with pytest.raises(TableError, match="no row has a test accuracy"):
        cheapest(table, [each for each in rows if each.split == "validation"])


def test_the_bound_is_the_repeatability_of_the_seeds(small, row):
    rows = rows_of(row, (0.2, 0.4, 0.6))
    (line,) = summarise(small, rows)
    bound = bound_of(line, rows[0])
    assert bound.value == pytest.approx(1.96 * math.sqrt(2) * 0.2)
    assert "3 seeds" in bound.origin


@pytest.mark.parametrize(("values", "said"), [((0.96,), "there is one seed"), ((0.96, 0.96), "all 2 seeds")])
def test_without_a_spread_a_share_has_a_binomial_error(small, row, values, said):
    rows = rows_of(row, values, n=96)
    (line,) = summarise(small, rows)
    bound = bound_of(line, rows[0])
    share = (0.96 * 96 + 2) / 100
    assert bound.value == pytest.approx(REPEATABILITY * math.sqrt(share * (1 - share) / 100))
    assert said in bound.origin
    sure = bound_of(line, replace(rows[0], value=1.0))
    assert sure.value > 0  # even where all are right


def test_without_a_spread_nothing_else_has_a_bound(small_with, row):
    table = small_with(monitor={"metric": "loss", "mode": "min"})
    rows = rows_of(row, (0.5,), metric="loss", unit="nats")
    (line,) = summarise(table, rows)
    bound = bound_of(line, rows[0])
    assert bound.value is None
    assert "nothing to hold it against" in bound.origin


@pytest.mark.parametrize(
    ("now", "limit", "reproduced"), [(0.5, None, True), (0.6, None, False), (0.6, 0.2, True), (0.6, 0.05, False)]
)
def test_it_reproduces_what_is_the_same_or_within_the_bound(row, now, limit, reproduced):
    found = Verified(None, 1, row(value=0.5), row(value=now), Bound(limit, ""))
    assert found.reproduced is reproduced


def test_a_row_is_made_again_by_the_run_of_its_settings(small, row):
    (run,) = [run for run in expand(small, layers=["srn"]) if run.seed == 1]
    assert run_of(small, row(spec=run.spec, seed=1, data_version=run.data_version)) == run
    beyond = row(spec=run.spec, seed=7, data_version=run.data_version)  # more seeds than the table says
    assert run_of(small, beyond) == replace(run, seed=7)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data_version": "0"}, "is of version 0 of digit_sum, which has version"),
        ({"spec": "older"}, "settings that the table no longer has .older then"),
        ({"variant": {"length": 5}}, "a variant that the table no longer has"),
        ({"label": "srnn"}, "cannot be made again: unknown layer 'srnn'; did you mean"),
    ],
)
def test_what_the_table_no_longer_has_is_said(small, row, changes, said):
    (run, *_) = expand(small, layers=["srn"])
    with pytest.raises(TableError, match=said):
        run_of(small, row(**{"spec": "x", "data_version": run.data_version, **changes}))


def test_a_run_made_here_comes_out_again_and_a_wrong_row_does_not(tmp_path, small_text, capsys):
    own = tmp_path / "own.yaml"
    raw = {**yaml.safe_load(small_text), "trainer": {"max_epochs": 1}}
    own.write_text(yaml.safe_dump({**raw, "entries": [{"layer": "srn"}]}))
    results = tmp_path / "results"
    assert main(["bench", "run", str(own), "--results", str(results), "--wandb", "off"]) == 0
    given = ["bench", "verify", str(own), "--results", str(results)]
    assert main(given) == 0
    assert "reproduced: the same number" in capsys.readouterr().out
    (path,) = (results / "small").glob("*.jsonl")
    lines = [yaml.safe_load(line) for line in path.read_text().splitlines()]
    (test,) = [line for line in lines if (line["split"], line["metric"]) == ("test", "accuracy")]
    text = path.read_text()
    path.write_text(
        text.replace(f'"metric": "accuracy", "value": {test["value"]}', '"metric": "accuracy", "value": 0.9')
    )
    assert main(given) == 1
    said = capsys.readouterr().out
    assert "NOT reproduced" in said
    assert "binomial" in said
    assert [each.name for each in tmp_path.iterdir() if "verify" in each.name] == []


def test_a_race_is_not_verified(tmp_path, capsys):
    (tmp_path / "own-vs-built-in").mkdir()
    assert main(["bench", "verify", "own-vs-built-in", "--results", str(tmp_path)]) == 2
    assert "race" in capsys.readouterr().err
