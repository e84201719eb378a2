"""A training of a second with everything that is logged: a picture of each kind, and more steps than one interval."""

from rnnzoo.bench.runs import expand
from rnnzoo.bench.table import parse_table

TABLE = """
name: small
title: A small table
task: sequence_classification
data: {name: digit_sum, length: 5, batch_size: 50}
model: {embedding_size: 8, hidden_size: 8, dropout: 0.2, pooling: attention}
trainer: {max_epochs: 10}
entries: [{label: gru, layer: gru, seeds: 2}]
"""


def small_runs():
    """Two runs, of seed 0 and 1."""
    return expand(parse_table(TABLE, "small.yaml"))


def small_run():
    """One of them."""
    return small_runs()[0]
