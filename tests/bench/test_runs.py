"""What a table expands to, and the hash that decides whether two runs are the same run."""

import os
import subprocess
import sys

import pytest

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.runs import Run, expand
from rnnzoo.registry import UnknownName


def test_every_entry_variant_and_seed_becomes_one_run(small_with):
    runs = expand(small_with(data={"name": "digit_sum"}, variants={"length": [5, 6, 7]}))
    assert len({run.id for run in runs}) == len(runs) == 3 * (2 + 1)
    assert sorted({run.data["length"] for run in runs}) == [5, 6, 7]


def test_a_variant_of_the_model_reaches_the_task_and_one_of_the_data_the_data(small_with):
    runs = expand(small_with(data={"name": "digit_sum"}, variants={"length": [5, 6], "hidden_size": [3, 4]}))
    found = {(run.data["length"], run.model["hidden_size"]) for run in runs}
    assert found == {(5, 3), (5, 4), (6, 3), (6, 4)}
    assert all("hidden_size" not in run.data and "length" not in run.model for run in runs)


def test_a_variant_may_be_the_dataset_itself(small_with):
    runs = expand(small_with(data={"name": "digit_sum"}, variants={"data": ["digit_sum", "start_signal"]}))
    assert {run.data_name for run in runs} == {"digit_sum", "start_signal"}
    assert all(run.variant == {"data": run.data_name} for run in runs)
    assert all("data" not in {**run.data, **run.model} for run in runs)
    with pytest.raises(UnknownName, match="did you mean digit_sum"):
        expand(small_with(data={"name": "digit_sum"}, variants={"data": ["digit_som"]}))


def test_the_hash_ignores_the_seed_and_nothing_that_changes_a_result(small, small_with):
    (first, second, _) = expand(small)
    assert first.spec == second.spec
    changes = (
        {"model": {"embedding_size": 8, "hidden_size": 9, "dropout": 0.2}},
        {"trainer": {"max_epochs": 5}},
        {"data": {"name": "digit_sum", "length": 6, "batch_size": 50}},
        {"monitor": {"metric": "loss", "mode": "min"}},
    )
    others = [expand(small_with(**change))[0].spec for change in changes]
    assert len({first.spec, *others}) == 1 + len(changes)
    assert expand(small, precision="bf16-mixed")[0].spec != first.spec
    assert expand(small, precision="32")[0].spec == first.spec  # the short name of what it is anyway


def test_where_the_files_are_and_how_they_are_loaded_does_not_change_the_hash(small, small_with):
    moved = small_with(data={"name": "digit_sum", "length": 5, "batch_size": 50, "num_workers": 0})
    assert expand(moved)[0].spec == expand(small)[0].spec


@pytest.mark.slow
def test_another_process_computes_the_same_hash(small, small_text, tmp_path):
    (tmp_path / "small.yaml").write_text(small_text)
    code = (
        "import sys; from rnnzoo.bench.runs import expand; from rnnzoo.bench.table import load_table;"
        "print(' '.join(run.id for run in expand(load_table(sys.argv[1]))))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "small.yaml")],
        env={**os.environ, "PYTHONHASHSEED": "123"}, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert told == [run.id for run in expand(small)]


def test_a_run_survives_json(small):
    run = expand(small)[0]
    assert Run.from_json(run.to_json()) == run


def test_layers_may_be_entries_or_any_registered_layer(small):
    runs = expand(small, layers=["gru", "mingru"], seeds=2)
    assert [(run.label, run.layer, run.seed) for run in runs] == [
        ("gru", "gru", 0), ("gru", "gru", 1), ("mingru", "mingru", 0), ("mingru", "mingru", 1),
    ]  # fmt: skip
    assert runs[-1].model == small.model


def test_quick_settings_reach_a_layer_that_the_table_does_not_list(small):
    runs = expand(small, quick=True, layers=["mingru"])
    assert [run.trainer["max_epochs"] for run in runs] == [1]
    assert [run.label for run in expand(small, quick=True)] == ["srn"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"layers": ["lstn"]}, UnknownName, "did you mean .*lstm"),
        ({"only": {"lenght": 10}}, TableError, "unknown variant 'lenght'"),
        ({"seeds": 0}, TableError, "at least 1"),
    ],
)
def test_a_mistaken_override_is_named(small, options, error, message):
    with pytest.raises(error, match=message):
        expand(small, **options)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"task": "sequence_clasification"}, UnknownName, "did you mean sequence_classification"),
        ({"data": {"name": "digitsum"}}, UnknownName, "did you mean digit_sum"),
        ({"data": {"name": "digit_sum", "lenght": 5}}, TableError, "did you mean length"),
        ({"model": {"hidden": 5}}, TableError, "hidden_size"),
        ({"trainer": {"max_epoch": 5}}, TableError, "did you mean max_epochs"),
        ({"trainer": {"devices": 2}}, TableError, "set by the runner"),
        ({"trainer": {"accumulate_grad_batches": 2}}, TableError, "give --accumulate"),
        ({"monitor": {"metric": "acuracy", "mode": "max"}}, TableError, "accuracy"),
        ({"metrics": ["micro_f1"]}, TableError, "metrics has 'micro_f1', and .*'macro_f1'"),
        ({"entries": [{"label": "a", "layer": "lstn"}]}, UnknownName, "did you mean"),
        ({"entries": [{"label": "a", "layer": "gru"}, {"label": "b", "layer": "gru"}]}, TableError, "same settings"),
    ],
)
def test_a_setting_that_nothing_takes_is_refused_before_training(small_with, changes, error, message):
    with pytest.raises(error, match=message):
        expand(small_with(**{"quick": {}, "references": [], **changes}))


def test_only_keeps_the_named_variant(small_with):
    table = small_with(data={"name": "digit_sum"}, variants={"length": [5, 6]})
    assert {run.variant["length"] for run in expand(table, only={"length": 6})} == {6}
    with pytest.raises(TableError, match=r"has length in \[5, 6\]"):
        expand(table, only={"length": 7})
