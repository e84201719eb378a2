"""Two folders: what is compared with what, in which direction, and what is left to be said of the rest."""

import json
from dataclasses import asdict

import pytest
import yaml

from rnnzoo.bench.collected import Collected
from rnnzoo.bench.compare import compare
from rnnzoo.cli import main

LEVEL = 0.05


@pytest.fixture
def folder(small, row):
    """Rows of the small table: values by label and metric, one a seed."""

    def make(values, **changes):
        rows = [
            row(label=label, layer=label, spec=label, seed=seed, metric=metric, value=value, **changes)
            for (label, metric), reached in values.items()
            for seed, value in enumerate(reached)
        ]
        return {"small": Collected(small, rows)}

    return make


def test_better_and_worse_are_by_the_metrics_direction(folder):
    low, high = (0.10, 0.11, 0.12), (0.90, 0.92, 0.91)
    a = folder({("srn", "accuracy"): low, ("srn", "loss"): low, ("gru", "accuracy"): low})
    b = folder({("srn", "accuracy"): high, ("srn", "loss"): high, ("gru", "accuracy"): (0.12, 0.10, 0.11)})
    found = {(one.key.label, one.key.metric): one.verdict(LEVEL) for one in compare(a, b).comparisons}
    assert found == {
        ("srn", "accuracy"): "better",
        ("srn", "loss"): "worse",
        ("gru", "accuracy"): "no difference shown",
    }
    turned = {(one.key.label, one.key.metric): one.verdict(LEVEL) for one in compare(b, a).comparisons}
    assert (turned["srn", "accuracy"], turned["srn", "loss"]) == ("worse", "better")


def test_p_values_are_corrected_over_all_comparisons(folder):
    a, b = (0.10, 0.11, 0.12), (0.2, 0.22, 0.20)
    alone = compare(folder({("srn", "accuracy"): a}), folder({("srn", "accuracy"): b})).comparisons[0]
    values = {("srn", "accuracy"): a, **{("gru", f"m{i}"): (0.5, 0.5) for i in range(9)}}
    others = compare(folder(values), folder({**values, ("srn", "accuracy"): b})).comparisons
    (among,) = [one for one in others if one.key.label == "srn"]
    assert alone.corrected == pytest.approx(alone.tested.p)
    assert among.corrected == pytest.approx(10 * alone.tested.p)
    assert (alone.verdict(LEVEL), among.verdict(LEVEL)) == ("better", "no difference shown")


def test_one_seed_says_nothing(folder):
    (one,) = compare(folder({("srn", "accuracy"): (0.1,)}), folder({("srn", "accuracy"): (0.9,)})).comparisons
    assert one.verdict(LEVEL) == "one seed: nothing can be said"


def test_what_only_one_folder_has_is_listed(folder, small):
    a = folder({("srn", "accuracy"): (0.1, 0.2), ("gru", "accuracy"): (0.1, 0.2)})
    b = folder({("srn", "accuracy"): (0.1, 0.2), ("srn", "loss"): (0.1, 0.2), ("lem", "accuracy"): (0.1,)})
    found = compare(a, b)
    assert (found.only_a, found.only_b) == (["small gru"], ["small lem", "small srn: loss"])
    nothing = compare(a, {"small": Collected(small, [])})
    assert (nothing.only_a, nothing.comparisons) == (["small, the whole table (2 entries)"], [])


def test_entries_of_another_version_of_the_data_are_not_compared(folder):
    values = {("srn", "accuracy"): (0.1, 0.2)}
    found = compare(folder(values), folder(values, data_version="2"))
    assert found.comparisons == []
    assert found.left_out == ["small srn: version 1 of the data in A, 2 in B"]


def test_the_trial_that_validation_chose_is_the_one_compared(small_with, row):
    table = small_with(trials={"learning_rate": [0.1, 0.2]})

    def rows(best):
        return [
            row(spec=str(rate), trial={"learning_rate": rate}, contest="c", seed=seed, split=split,
                value=rate + seed if split == "test" else float(rate == best))
            for rate in (0.1, 0.2) for seed in (0, 1) for split in ("validation", "test")
        ]  # fmt: skip

    (one,) = compare({"small": Collected(table, rows(0.1))}, {"small": Collected(table, rows(0.2))}).comparisons
    assert (dict(one.a), dict(one.b)) == ({0: 0.1, 1: 1.1}, {0: 0.2, 1: 1.2})
    assert one.settings_differ


def test_the_command_shows_both_folders_with_tables_of_ones_own(tmp_path, small_text, row, capsys):
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump(yaml.safe_load(small_text)))
    for name, values in (("a", (0.10, 0.11, 0.12)), ("b", (0.90, 0.92, 0.91))):
        (tmp_path / name / "small").mkdir(parents=True)
        rows = [asdict(row(seed=seed, value=value)) for seed, value in enumerate(values)]
        (tmp_path / name / "small" / "rows.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    given = ["bench", "compare", str(tmp_path / "a"), str(tmp_path / "b"), "--table", str(own)]
    assert main(given) == 0
    said = capsys.readouterr().out
    assert "0.11 ± 0.01 (3)" in said
    assert "+0.8" in said
    assert "paired" in said
    assert "better" in said
    assert main([*given[:-2]]) == 2  # without the table's file its rows are unknown
    assert "unknown table 'small'" in capsys.readouterr().err
    assert main([*given, "--level", "5"]) == 2
