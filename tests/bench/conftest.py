import pytest
import yaml

from rnnzoo.bench.table import parse_table
from rnnzoo.contracts import ResultRow

SMALL = """
name: small
title: A small table
task: sequence_classification
data: {name: digit_sum, length: 5, batch_size: 50}
model: {embedding_size: 8, hidden_size: 8, dropout: 0.2}
trainer: {max_epochs: 4}
entries:
  - {label: srn, layer: srn, seeds: 2}
  - {label: gru, layer: gru}
quick: {entries: [srn], seeds: 1, trainer: {max_epochs: 1}}
references: [{label: srn, value: 0.5, spread: 0.1, n: 3, source: "A. Nobody & Co.", url: "https://example.org/?a=1&b=2"}]
"""


@pytest.fixture
def small_text():
    return SMALL


@pytest.fixture
def small():
    return parse_table(SMALL, "small.yaml")


@pytest.fixture
def small_with():
    """The small table with changes."""
    return lambda **changes: parse_table(yaml.safe_dump({**yaml.safe_load(SMALL), **changes}), "small.yaml")


@pytest.fixture
def row():
    """Makes a result row with changes."""

    def make(**changes):
        fields = {
            "table": "small", "spec": "abc", "label": "srn", "variant": {}, "layer": "srn",
            "task": "sequence_classification", "data": "digit_sum", "data_version": "1", "seed": 0, "split": "test",
            "metric": "accuracy", "value": 0.5, "unit": "fraction", "n": 100, "parameters": 1234, "steps": 10,
            "seconds": 2.0, "samples_per_second": 50.0, "peak_memory_bytes": 1, "device": "cpu", "world_size": 1,
            "precision": "32-true", "versions": {"torch": "2"}, "commit": "c0ffee", "dirty": False,
            "finished_at": "2026-01-01T00:00:00+00:00", "checkpoint_sha256": "",
        }  # fmt: skip
        return ResultRow(**{**fields, **changes})

    return make
