"""Pairs from a user's files: two files line by line, or two columns of a TSV or JSONL file (all also gzipped)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rnnzoo.data._files import DamagedFile
from rnnzoo.data._tables import read_text

TABLES = (".tsv", ".jsonl")


class Pair(NamedTuple):
    """A source with its target, and the line of the file where they stand."""

    source: str
    target: str
    line: int


class Pairs(NamedTuple):
    """The pairs of a file, and how many were skipped because a side is empty."""

    pairs: list[Pair]
    skipped: int


def lines_of(path: Path) -> list[str]:
    """The lines of a text file without their ends; only a line feed (or CR LF) ends a line.

    Raises:
        MissingData: there is no such file.
        DamagedFile: not UTF-8, or a damaged .gz.
    """
    lines = read_text(path).split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def read_parallel(source: Path, target: Path, *, empty: str) -> Pairs:
    """Line i of one file with line i of the other.

    Args:
        source, target: UTF-8 files, possibly gzipped.
        empty: what becomes of a pair with an empty side: "refuse" or "skip".

    Raises:
        MissingData, DamagedFile: as ``lines_of``.
        ValueError: files of different length, an empty line that is refused, or no pair.
    """
    sources, targets = lines_of(source), lines_of(target)
    if len(sources) != len(targets):
        short, long = sorted(((source, sources), (target, targets)), key=lambda file: len(file[1]))
        first = len(short[1])
        raise ValueError(
            f"{source} has {len(sources)} lines and {target} has {len(targets)}; expected as many. Line {first + 1} of "
            f"{long[0]} has no partner: {long[1][first]!r:.80}. A line may be missing further up."
        )
    rows = (Pair(one, other, line) for line, (one, other) in enumerate(zip(sources, targets, strict=True), start=1))
    return _without_empty(rows, f"{source} and {target}", empty)


def read_table(path: Path, source_column: str | None, target_column: str | None, *, empty: str) -> Pairs:
    """Two columns of a table.

    Args:
        path: a file named .tsv or .jsonl, possibly with .gz behind.
        source_column, target_column: names, of the header of a TSV file or the keys of a JSONL file; both ``None``:
            the first two columns of a TSV file without a header, or the keys "source" and "target".
        empty: as ``read_parallel``.

    Raises:
        MissingData, DamagedFile: as ``lines_of``, or a line that does not parse; says which.
        ValueError: another kind of file, one column named and the other not, no such column, an empty text that is
            refused, or no pair.
    """
    if (source_column is None) != (target_column is None):
        raise ValueError(
            f"source_column is {source_column!r} and target_column {target_column!r}; expected both or none."
        )
    name = path.name.removesuffix(".gz")
    if name.endswith(".jsonl"):
        rows = _json_pairs(path, source_column or "source", target_column or "target")
    elif name.endswith(".tsv"):
        rows = _tsv_pairs(path, source_column, target_column)
    else:
        raise ValueError(
            f"{path} is none of {', '.join(TABLES)} (or one of these with .gz); rename it, or give target_path, the "
            "file with the targets line by line."
        )
    return _without_empty(rows, str(path), empty)


def tab_separated(path: Path) -> Iterator[tuple[list[str], int]]:
    """The fields of every line that is not blank, and its number."""
    for line, text in enumerate(lines_of(path), start=1):
        if text.strip():
            yield text.split("\t"), line


def _tsv_pairs(path: Path, source_column: str | None, target_column: str | None) -> Iterator[Pair]:
    places = (0, 1)
    header: list[str] | None = None
    for fields, line in tab_separated(path):
        if source_column is not None and target_column is not None and header is None:
            header = fields
            for wanted in (source_column, target_column):
                if wanted not in header:
                    raise ValueError(f"{path} has no column '{wanted}'; its header is {', '.join(header)}.")
            places = (header.index(source_column), header.index(target_column))
            continue
        if len(fields) <= max(places) or (header is not None and len(fields) != len(header)):
            expected = "at least 2" if header is None else f"{len(header)} ({', '.join(header)})"
            raise DamagedFile(f"{path}, line {line}: {len(fields)} tab-separated fields; expected {expected}.")
        yield Pair(fields[places[0]], fields[places[1]], line)


def _json_pairs(path: Path, source_column: str, target_column: str) -> Iterator[Pair]:
    for line, text in enumerate(lines_of(path), start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise DamagedFile(f"{path}, line {line}: not JSON ({error}).") from error
        if not isinstance(record, dict):
            raise DamagedFile(f"{path}, line {line}: a {type(record).__name__}; expected an object on every line.")
        yield Pair(_value(record, source_column, path, line), _value(record, target_column, path, line), line)


def _value(record: dict[str, Any], key: str, path: Path, line: int) -> str:
    if key not in record:
        raise ValueError(f"{path}, line {line}: no '{key}'; its keys are {', '.join(record) or 'none'}.")
    value = record[key]
    if isinstance(value, bool | int | float):
        value = json.dumps(value)
    if not isinstance(value, str):
        raise ValueError(f"{path}, line {line}: '{key}' is a {type(value).__name__}; expected a text.")
    return value


def _without_empty(rows: Iterator[Pair], where: str, empty: str) -> Pairs:
    if empty not in ("refuse", "skip"):
        raise ValueError(f"empty is {empty!r}; expected 'refuse' or 'skip'.")
    kept: list[Pair] = []
    skipped = 0
    for row in rows:
        if row.source.strip() and row.target.strip():
            kept.append(row)
            continue
        if empty == "refuse":
            side = "target" if row.source.strip() else "source"
            raise ValueError(
                f"{where}, line {row.line}: the {side} is empty; expected text on both sides. Remove the pair, or set "
                "empty to 'skip'."
            )
        skipped += 1
    if not kept:
        raise ValueError(f"{where}: no pair with text on both sides ({skipped} skipped); expected at least three.")
    return Pairs(kept, skipped)
