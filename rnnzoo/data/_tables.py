"""Reading two columns, text and label, of a user's CSV, TSV or JSONL file (also gzipped)."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rnnzoo.data._files import DamagedFile, check_is_file

TEXT_COLUMNS = ("text", "review", "sentence")
LABEL_COLUMNS = ("label", "sentiment", "category")
SEPARATORS = {".csv": ",", ".tsv": "\t"}
FORMATS = (*SEPARATORS, ".jsonl")


class Row(NamedTuple):
    """One example, and the line of the file where it ends."""

    text: str
    label: str
    line: int


def read_rows(path: Path, text_column: str | None, label_column: str | None) -> list[Row]:
    """All examples of a file, in its order.

    Args:
        path: a file named .csv, .tsv or .jsonl, possibly with .gz behind; UTF-8.
        text_column: the column of the texts; ``None``: the first there is of text, review, sentence.
        label_column: the column of the labels; ``None``: the first there is of label, sentiment, category.

    Raises:
        MissingData: there is no such file.
        DamagedFile: not UTF-8, not whole, or a line that does not parse; says which.
        ValueError: another kind of file, no such column, no example, or an empty text or label.
    """
    kind = next((suffix for suffix in FORMATS if path.name.removesuffix(".gz").endswith(suffix)), None)
    if kind is None:
        raise ValueError(f"{path} is none of {', '.join(FORMATS)} (or one of these with .gz); rename or convert it.")
    content = read_text(path)
    records = _json_records(content, path) if kind == ".jsonl" else _table_records(content, SEPARATORS[kind], path)
    rows = []
    names: tuple[str, str] | None = None
    for record, line in records:
        if names is None:
            names = (
                _column("text", text_column, TEXT_COLUMNS, list(record), path),
                _column("label", label_column, LABEL_COLUMNS, list(record), path),
            )
        text, label = (_value(record, name, path, line) for name in names)
        rows.append(Row(text, label, line))
    if not rows:
        raise ValueError(f"{path} has no examples; expected a header and at least two rows.")
    return rows


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, unpacked if its name ends in .gz, without a byte order mark at the beginning.

    Raises:
        MissingData: there is no such file.
        DamagedFile: not UTF-8 (says where), or not whole.
    """
    check_is_file(path)
    content = path.read_bytes()
    if path.name.endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DamagedFile(f"{path} cannot be unpacked ({error}): it is truncated, damaged or not gzip.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DamagedFile(
            f"{path} is not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}, line {line}. Convert it "
            f"first, for instance: iconv -f LATIN1 -t UTF-8 {path.name} > utf8-{path.name}"
        ) from error


def _table_records(content: str, separator: str, path: Path) -> Iterator[tuple[dict[str, str], int]]:
    quote = None if separator == "\t" else '"'  # TSV has no quoting
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # texts may be longer than the module's 128 KiB
    try:
        reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator, quotechar=quote, strict=True)
        header = next(reader, [])
        for fields in reader:
            if not "".join(fields).strip():
                continue  # a blank line
            if len(fields) != len(header):
                raise DamagedFile(
                    f"{path}, line {reader.line_num}: {len(fields)} fields, but the header has {len(header)} "
                    f"({', '.join(header)}). Texts with separators or line breaks need quotes around them (CSV only)."
                )
            yield dict(zip(header, fields, strict=True)), reader.line_num
    except csv.Error as error:
        raise DamagedFile(f"{path}, line {reader.line_num}: {error}; a quote may be missing.") from error
    finally:
        csv.field_size_limit(before)


def _json_records(content: str, path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    for line, text in enumerate(content.split("\n"), start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise DamagedFile(f"{path}, line {line}: not JSON ({error}).") from error
        if not isinstance(record, dict):
            raise DamagedFile(f"{path}, line {line}: a {type(record).__name__}; expected an object on every line.")
        yield record, line


def _column(role: str, wanted: str | None, usual: tuple[str, ...], there: list[str], path: Path) -> str:
    candidates = usual if wanted is None else (wanted,)
    for name in candidates:
        if name in there:
            return name
    looked = f"none of {', '.join(usual)}" if wanted is None else f"no column '{wanted}'"
    raise ValueError(f"{path} has {looked}; its columns are {', '.join(there)}. Set {role}_column to one of them.")


def _value(record: dict[str, Any], name: str, path: Path, line: int) -> str:
    value = record.get(name)
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, int | float):
        value = str(value)
    if value is None or not isinstance(value, str) or not value.strip():
        shown = "missing" if value is None else "empty" if isinstance(value, str) else f"a {type(value).__name__}"
        raise ValueError(f"{path}, line {line}: '{name}' is {shown}; expected a value. Remove the row or fill it in.")
    return value
