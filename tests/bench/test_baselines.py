"""Entries that are measured without a training: 1-NN with dynamic time warping beside the layers of a table."""

import numpy as np
import pytest

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.runner import make_runs
from rnnzoo.bench.runs import expand
from rnnzoo.bench.table import parse_table
from rnnzoo.callbacks import read_rows
from rnnzoo.registry import UnknownName

TABLE = """
name: made
title: Made
task: sequence_classification
data: {name: series_files, path: PATH, test_path: PATH, batch_size: 4}
model: {hidden_size: 4, embedding: none}
trainer: {max_epochs: 1}
monitor: {metric: accuracy, mode: max}
entries:
  - {label: srn, layer: srn}
  - {baseline: nearest_dtw}
"""


@pytest.fixture
def table(tmp_path):
    """A table on series of which each class has a level of its own, so that the nearest is always right."""
    values = np.random.RandomState(0).rand(12, 5) + 10 * (np.arange(12) % 3)[:, None]
    np.savez(tmp_path / "made.npz", values=values, labels=np.arange(12) % 3)
    return parse_table(TABLE.replace("PATH", str(tmp_path / "made.npz")), "made.yaml")


def test_a_baseline_has_a_row_beside_the_layers(table, tmp_path):
    runs = expand(table)
    assert [(run.label, run.layer, run.baseline) for run in runs] == [
        ("srn", "srn", ""),
        ("nearest_dtw", "none", "nearest_dtw"),
    ]
    make_runs(runs[1:], tmp_path / "results", wandb="off")
    (row,) = read_rows(next((tmp_path / "results" / "made").glob("*.jsonl")))
    assert (row.label, row.split, row.metric, row.value, row.n) == ("nearest_dtw", "test", "accuracy", 1.0, 12)
    assert (row.parameters, row.steps, row.checkpoint_sha256) == (0, 0, "")


def test_a_baseline_is_another_run_than_a_model_without_recurrence(table):
    (baseline,) = expand(table, layers=["nearest_dtw"])
    (none,) = expand(table, layers=["none"])
    assert baseline.layer == none.layer == "none"
    assert baseline.spec != none.spec


def test_a_baseline_that_there_is_not_is_refused_before_anything_is_made(tmp_path):
    wrong = TABLE.replace("nearest_dtw", "nearest_dwt").replace("PATH", "x.npz")
    with pytest.raises(UnknownName, match="unknown baseline 'nearest_dwt'; did you mean nearest_dtw"):
        expand(parse_table(wrong, "made.yaml"))


def test_an_entry_is_a_layer_or_a_baseline():
    both = TABLE.replace("{baseline: nearest_dtw}", "{baseline: nearest_dtw, layer: gru}")
    with pytest.raises(TableError, match="give `layer`"):
        parse_table(both, "made.yaml")


def test_a_baseline_for_other_data_is_refused(table):
    from rnnzoo.bench.baselines import check_baseline

    with pytest.raises(ValueError, match="baseline nearest_dtw is for data of kind 'label', not 'value'"):
        check_baseline("nearest_dtw", "value")
