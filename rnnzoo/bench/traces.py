"""Where the traces of a table's runs lie, and how pictures get them back.

A run's traces stand beside its rows: ``RESULTS/TABLE/<spec>-<layer>-<seed>.<trace>.csv``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rnnzoo.bench.errors import MissingTrace, TableError
from rnnzoo.bench.runs import Run
from rnnzoo.bench.summary import Line
from rnnzoo.bench.table import Table


class Traced(NamedTuple):
    """What one run recorded, and which run it is."""

    label: str
    layer: str
    variant: dict[str, Any]
    seed: int
    records: list[dict[str, float]]


def trace_file(rows: Path, trace: str) -> Path:
    """Where a trace of the run with this row file stands."""
    return rows.with_name(f"{rows.stem}.{trace}.csv")


def publish_traces(run: Run, folder: Path, rows: Path) -> None:
    """Move the traces of a trained ``run`` from its working folder to where its rows will be.

    To be done before the rows are written: a run is finished when its row file is there.
    """
    rows.parent.mkdir(parents=True, exist_ok=True)
    for trace in run.traces:
        os.replace(folder / f"{trace}.csv", trace_file(rows, trace))


def load_traces(results: Path, table: Table, lines: Sequence[Line], trace: str) -> list[Traced]:
    """The records of ``trace`` of every run in ``lines``, the summary of ``table``'s rows under ``results``.

    Raises:
        TableError: the table does not ask for this trace.
        MissingTrace: rows are there and their trace isn't; names the file and what makes it.
    """
    from rnnzoo.callbacks import read_trace

    if trace not in table.traces:
        raise TableError(f"table {table.name} has no trace {trace}; add `traces: {{{trace}: {{}}}}` to it.")
    found = []
    for line in lines:
        for seed in line.seeds:
            rows = results / table.name / f"{line.specs[seed]}-{line.layer}-{seed}.jsonl"
            path = trace_file(rows, trace)
            if not path.is_file():
                raise MissingTrace(
                    f"there is no trace {path}, which belongs to the rows in {rows.name}; bring it back, or delete "
                    f"{rows} and `rnnzoo bench run {table.name}` makes both."
                )
            found.append(Traced(line.label, line.layer, line.variant, seed, read_trace(path)))
    return found
