"""A table of 10,000 runs: seconds and memory of its expansion, its checks, its rows and its report."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _finding import Finding, middle

from rnnzoo.bench.outcome import row_file
from rnnzoo.bench.preflight import check_runs
from rnnzoo.bench.report import table_rows, write_report
from rnnzoo.bench.runs import Run, expand
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.summary import summarise
from rnnzoo.bench.table import parse_table
from rnnzoo.callbacks import write_rows
from rnnzoo.contracts import ResultRow

TABLE = """
name: many
title: A table of many runs
task: sequence_classification
data: {{name: digit_sum, batch_size: 50}}
model: {{embedding_size: 8, hidden_size: 8}}
trainer: {{max_epochs: 1}}
variants: {{length: [{lengths}]}}
trials: {{learning_rate: [0.001, 0.003, 0.01, 0.03]}}
entries: [{{layer: lstm, seeds: {seeds}}}, {{layer: gru, seeds: {seeds}}}, {{layer: srn, seeds: {seeds}}},
  {{layer: mingru, seeds: {seeds}}}, {{layer: minlstm, seeds: {seeds}}}]
"""


def many(options: argparse.Namespace, folder: Path) -> list[Finding]:
    """5 layers, 4 trials, 50 lengths and 10 seeds; quick: 2 lengths and 1 seed."""
    lengths, seeds = (2, 1) if options.quick else (50, 10)
    text = TABLE.format(lengths=", ".join(str(5 + i) for i in range(lengths)), seeds=seeds)
    table = parse_table(text, "many")
    found: list[Finding] = []
    runs: list[Run] = note(found, "expand the table into runs", lambda: expand(table), 20 * lengths * seeds)
    note(found, "check every run before the first", lambda: check_runs(runs, folder, Scale()), len(runs))
    note(found, "write the rows", lambda: [write_rows(row_file(folder, run), fake(run)) for run in runs], len(runs))
    rows = note(found, "read the rows", lambda: table_rows(table, folder), len(runs))
    note(found, "sum them up", lambda: summarise(table, rows), len(runs))
    note(found, "write the report", lambda: write_report(table, rows, folder, folder / "report"), len(runs))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in (folder / "many").iterdir()) / 2**20
    found.append(middle("greatest memory of the process", [peak], "MiB", {"runs": len(runs)}))
    found.append(middle("rows on the disk", [size], "MiB", {"runs": len(runs)}))
    return found


def note(found: list[Finding], what: str, work: Callable[[], Any], runs: int) -> Any:
    """Do the work once and keep how long it took."""
    start = time.perf_counter()
    result = work()
    found.append(middle(what, [time.perf_counter() - start], "s", {"runs": runs}))
    return result


def fake(run: Run) -> list[ResultRow]:
    """Rows of a run that was not made, as many as a run has."""
    common: dict[str, Any] = {
        "table": run.table, "spec": run.spec, "label": run.label, "variant": run.variant, "layer": run.layer,
        "task": run.task, "data": run.data_name, "data_version": run.data_version, "seed": run.seed, "n": 100,
        "parameters": 1000, "steps": 10, "seconds": 1.0, "samples_per_second": 1.0, "peak_memory_bytes": 1,
        "device": "none", "world_size": 1, "precision": "32-true", "versions": {"rnnzoo": "0"}, "commit": "",
        "dirty": True, "finished_at": "2000-01-01T00:00:00+00:00", "checkpoint_sha256": "0" * 64, "trial": run.trial,
        "contest": run.contest, "solved": run.solved,
    }  # fmt: skip
    value = 0.5 + (hash(run.id) % 100) / 1000
    return [
        ResultRow(split=split, metric=metric, value=value, unit=unit, **common)
        for split in ("train", "validation", "test")
        for metric, unit in (("accuracy", "fraction"), ("loss", "nats"))
    ]
