"""Every row under a folder of results, by table: read once, and nothing in it passed over in silence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rnnzoo.bench.errors import NoRows, TableError
from rnnzoo.bench.table import Table, list_tables, load_table
from rnnzoo.contracts import ResultRow
from rnnzoo.registry import unknown

OF_A_ROW = ("table", "spec", "label", "seed", "metric", "value")
"""Fields by which a line is told to be a result row; the measurements of speed have others."""


class Collected(NamedTuple):
    """A table and its rows; none, where it was not run."""

    table: Table
    rows: list[ResultRow]


def collect(results: Path, own: Sequence[str] = ()) -> dict[str, Collected]:
    """The package's tables and those in the files ``own``, by name, each with its rows under ``results``.

    A folder there whose lines are no result rows, such as ``speed``, is none of a table's.

    Raises:
        TableError: a line is no result row, or one of a table that there is not, or of another than its folder's; the
            message has file and line. Or a table's file says what cannot be.
        NoRows: there is no row at all.
    """
    from rnnzoo.callbacks import read_rows

    tables = tables_by_name(own)
    found = {name: Collected(table, []) for name, table in tables.items()}
    inside = next(iter(sorted(results.glob("*.jsonl"))), None) if results.is_dir() else None
    if inside is not None:
        raise TableError(
            f"{results} is the folder of one table's rows ({inside.name} lies in it); expected the folder that has a "
            "folder a table, such as the one above it."
        )
    for path in sorted(results.glob("*/*.jsonl")):
        name = path.parent.name
        if name.startswith(".") or path.name.startswith("."):
            continue
        if name not in tables:
            _refuse_rows(path, tables)
            continue
        try:
            rows = read_rows(path)
        except ValueError as error:
            raise TableError(f"the rows of table {name} cannot be read: {error}") from error
        for number, row in enumerate(rows, start=1):
            if row.table != name:
                raise TableError(f"{path}:{number} is a row of table '{row.table}' in the folder of table {name}.")
        found[name].rows.extend(rows)
    if not any(each.rows for each in found.values()):
        raise NoRows(f"no result rows under {results}; `rnnzoo bench run TABLE` makes them.")
    return found


def tables_by_name(own: Sequence[str]) -> dict[str, Table]:
    """The package's tables and those in the files ``own``.

    Raises:
        TableError: two have the same name, or a file is no table.
    """
    tables = {name: load_table(name) for name in list_tables()}
    for file in own:
        table = load_table(file)
        if table.name in tables:
            raise TableError(f"{file}: there is a table {table.name} already; give this one another name.")
        tables[table.name] = table
    return tables


def _refuse_rows(path: Path, tables: dict[str, Table]) -> None:
    """Stop if the file in a folder that is no table's begins with a result row, or with nothing that can be read."""
    with path.open(encoding="utf-8") as file:
        line = file.readline()
    try:
        content = json.loads(line)
    except ValueError as error:  # text that is no JSON, or no UTF-8
        raise TableError(f"{path}:1 is no JSON ({error}), and no table is called {path.parent.name}.") from error
    if isinstance(content, dict) and all(name in content for name in OF_A_ROW):
        raise TableError(
            f"{path}:1: {unknown('table', str(content['table']), tables, see='rnnzoo list tables')} "
            "A table of your own is known by its file (--table FILE)."
        )
