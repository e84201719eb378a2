"""Whether a table's committed rows come out again: its cheapest run, made anew and held against its row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rnnzoo.bench.console import Console
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.runs import Run, variants_of
from rnnzoo.bench.summary import Line, summarise
from rnnzoo.bench.table import Table
from rnnzoo.contracts import ResultRow
from rnnzoo.registry import UnknownName

REPEATABILITY = 1.96 * math.sqrt(2)
"""Two results of one standard deviation s differ by no more than this times s in 95 of 100 cases (ISO 5725-6)."""
SHARES = ("accuracy", "exact_match")
"""Metrics that are a share of n right answers, whose error is binomial."""


class Bound(NamedTuple):
    """How far a rerun may lie from its row, and where that comes from."""

    value: float | None  # None: there is nothing to hold it against
    origin: str


class Verified(NamedTuple):
    """A run's committed number and the one it has now."""

    run: Run
    of: int  # how many runs it is the cheapest of
    committed: ResultRow
    again: ResultRow
    bound: Bound

    @property
    def difference(self) -> float:
        """The new number over the committed one."""
        return self.again.value - self.committed.value

    @property
    def reproduced(self) -> bool:
        """The same number, or one within the bound."""
        return self.difference == 0 or (self.bound.value is not None and abs(self.difference) <= self.bound.value)


def verify(table: Table, rows: Sequence[ResultRow], *, console: Console | None = None) -> Verified:
    """Make the cheapest run of ``table`` again, in a temporary folder, and hold it against its row.

    Raises:
        TableError: the table is a race, no run has a number on the test split, its settings or its data are no longer
            those of the table, or the run fails.
        MissingData: the dataset's files are not there.
    """
    from rnnzoo.bench.runner import make_runs, row_file
    from rnnzoo.callbacks import read_rows

    if table.race is not None:
        raise TableError(
            f"table {table.name} is a race: its numbers are times of one machine, which no other run has to reproduce."
        )
    committed, line, of = cheapest(table, rows)
    run = run_of(table, committed)
    with TemporaryDirectory(prefix="rnnzoo-verify-") as folder:
        outcome = make_runs([run], Path(folder), wandb="off", console=console)
        if outcome.failed:
            raise TableError(f"table {table.name}: {run.title} has a row, and fails now: {outcome.failed[run.title]}")
        again = [row for row in read_rows(row_file(Path(folder), run)) if _is_number_of(table, row)]
    if not again:
        raise TableError(f"table {table.name}: {run.title} has a test {table.monitor.metric}, and now has none.")
    return Verified(run, of, committed, again[0], bound_of(line, committed))


def cheapest(table: Table, rows: Sequence[ResultRow]) -> tuple[ResultRow, Line, int]:
    """The quickest run among those that the report shows: its row, its line, and among how many.

    What was measured without training tells nothing of training; it is chosen where there is nothing else.

    Raises:
        TableError: none has the table's number on the test split.
    """
    of_run = {(row.label, row.spec, row.seed): row for row in rows if _is_number_of(table, row)}
    found = [
        (of_run[line.label, spec, seed], line)
        for line in summarise(table, rows)
        for seed, spec in line.specs.items()
        if (line.label, spec, seed) in of_run
    ]
    if not found:
        raise TableError(f"table {table.name}: no row has a test {table.monitor.metric} to be held against.")
    row, line = min(found, key=lambda each: (each[0].steps == 0, each[0].seconds, each[0].label, each[0].seed))
    return row, line, len(found)


def run_of(table: Table, row: ResultRow) -> Run:
    """The run of ``table`` that ``row`` is of.

    Raises:
        TableError: there is none: the entry, the variant, its settings or the version of its data are others now.
        MissingData: the dataset's files are not there.
    """
    from rnnzoo.bench.runs import expand

    where = f"table {table.name}: the row of {row.label}{''.join(f' {k}={v}' for k, v in row.variant.items())}"
    where += f" seed {row.seed}"
    if row.variant not in variants_of(table, {}):
        raise TableError(
            f"{where} is of a variant that the table no longer has; it varies {table.variants or 'nothing'}."
        )
    try:
        runs = expand(
            table,
            layers=[row.label],
            seeds=row.seed + 1,
            only=row.variant,
            precision=row.precision if row.steps else None,
        )
    except UnknownName as error:
        raise TableError(f"{where} cannot be made again: {error}") from error
    same = [run for run in runs if run.seed == row.seed and run.trial == row.trial]
    for run in same:
        if run.spec == row.spec:
            return run
    if same and same[0].data_version != row.data_version:
        raise TableError(
            f"{where} is of version {row.data_version} of {row.data}, which has version {same[0].data_version} now; "
            f"`rnnzoo bench run {table.name}` makes its row anew."
        )
    now = f" ({row.spec} then, {same[0].spec} now)" if same else ""
    raise TableError(
        f"{where} was made under settings that the table no longer has{now}; `rnnzoo bench run {table.name}` makes its "
        "row anew."
    )


def bound_of(line: Line, row: ResultRow) -> Bound:
    """How far another run of ``row`` may lie from it: by the spread over its seeds, else by the size of the test split.

    The binomial error is that of (k + 2) right answers out of (n + 4) (Agresti and Coull, 1998): it does not vanish
    where all are right.
    """
    measured = line.values[row.split, row.metric]
    if measured.spread:
        return Bound(
            REPEATABILITY * measured.spread,
            f"{REPEATABILITY:.2f} x {measured.spread:.4f}, the standard deviation over the {measured.n} seeds of this "
            "entry: two runs differ by no more in 95 of 100 cases",
        )
    said = "there is one seed" if measured.n == 1 else f"all {measured.n} seeds have the same number"
    if row.metric not in SHARES:
        return Bound(None, f"{said}, and no error of test {row.metric} follows from its n: nothing to hold it against")
    share = (row.value * row.n + 2) / (row.n + 4)
    error = math.sqrt(share * (1 - share) / (row.n + 4))
    return Bound(
        REPEATABILITY * error,
        f"{said}, so {REPEATABILITY:.2f} x {error:.4f}, the binomial standard error of a share of n = {row.n:,}",
    )


def _is_number_of(table: Table, row: ResultRow) -> bool:
    return row.split == "test" and row.metric == table.monitor.metric
