"""Reading tables of numbers with a time column, CSV or Parquet, with errors that name file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnnzoo.data._files import DamagedFile, check_is_file
from rnnzoo.data._tables import SEPARATORS, read_text

if TYPE_CHECKING:
    import pandas as pd

TIME_COLUMNS = ("date", "time", "datetime", "timestamp", "ds")
FORMATS = (".csv", ".tsv", ".txt", ".parquet")


def read_table(path: Path, *, header: bool = True) -> pd.DataFrame:
    """A file as a frame of columns as they stand there; the index is each row's line (a Parquet file's row, from 1).

    Args:
        path: .csv, .tsv or .txt (commas), also with .gz, UTF-8; or .parquet.
        header: whether the first line names the columns; else they are numbered from 1.

    Raises:
        MissingData: there is no such file.
        DamagedFile: not UTF-8, not whole, or a line with another number of fields; says which.
        ValueError: another kind of file, no rows, or a column that is named twice.
        ImportError: a Parquet file, and nothing that reads it is installed.
    """
    import pandas as pd

    kind = next((suffix for suffix in FORMATS if path.name.removesuffix(".gz").endswith(suffix)), None)
    if kind is None:
        raise ValueError(
            f"{path} is none of {', '.join(FORMATS)} (all but the last also with .gz); rename or convert it."
        )
    if kind == ".parquet":
        return _read_parquet(path)
    separator = SEPARATORS.get(kind, ",")
    content = read_text(path).rstrip("\r\n")
    names = _check_fields(content, separator, path)
    if not header:
        names = [str(number) for number in range(1, len(names) + 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{path} has the column(s) {', '.join(twice)} more than once; rename them.")
    frame = pd.read_csv(
        io.StringIO(content),
        sep=separator,
        header=None,
        names=names,
        skiprows=int(header),
        skip_blank_lines=False,
        skipinitialspace=True,
        low_memory=False,
    )
    if not len(frame):
        raise ValueError(f"{path} has no rows; expected some behind its header.")
    frame.index = pd.RangeIndex(1 + header, 1 + header + len(frame))
    return frame


def _check_fields(content: str, separator: str, path: Path) -> list[str]:
    """The fields of the first line; every other one has as many."""
    lines = content.splitlines()
    if not lines:
        raise ValueError(f"{path} is empty; expected a table.")
    names = next(csv.reader([lines[0]], delimiter=separator))
    for number, line in enumerate(lines, start=1):
        quoted = '"' in line
        fields = len(next(csv.reader([line], delimiter=separator))) if quoted else line.count(separator) + 1
        if fields != len(names):
            raise DamagedFile(
                f"{path}, line {number}: {fields} field(s), but the first line has {len(names)} "
                f"({', '.join(names)[:200]}); the file may be truncated."
            )
    return [name.strip() for name in names]


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    check_is_file(path)
    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        raise ImportError(f"{path} is Parquet, which pandas reads with pyarrow: pip install pyarrow.") from error
    except (OSError, ValueError) as error:
        raise DamagedFile(f"{path} cannot be read ({error}): it is truncated, damaged or not Parquet.") from error
    if frame.index.name is not None:
        frame = frame.reset_index()
    frame.columns = [str(name) for name in frame.columns]
    frame.index = pd.RangeIndex(1, 1 + len(frame))
    return frame


def numbers(frame: pd.DataFrame, columns: Sequence[str], path: Path) -> np.ndarray:
    """Columns of a frame that was read, as float64 (T, C); NaN where a cell is empty or NA.

    Raises:
        ValueError: a column is not there.
        DamagedFile: a cell is no number; says its line.
    """
    import pandas as pd

    check_columns(frame, columns, path)
    found = np.empty((len(frame), len(columns)))
    for place, column in enumerate(columns):
        values = pd.to_numeric(frame[column], errors="coerce")
        wrong = np.flatnonzero(values.isna() & frame[column].notna())
        if len(wrong):
            cell = frame[column].iloc[wrong[0]]
            raise DamagedFile(f"{path}, line {frame.index[wrong[0]]}: {column} is {cell!r}; expected a number.")
        found[:, place] = values.to_numpy(dtype=float)
    return found


def moments(frame: pd.DataFrame, column: str, path: Path, form: str = "ISO8601") -> np.ndarray:
    """The times of a column (T,), datetime64[ns]; of those with a time zone, in UTC.

    Args:
        form: how they are written: as ISO 8601 has it (2017-10-20 08:00), or as ``strftime`` says ("%d.%m.%Y").

    Raises:
        ValueError: there is no such column.
        DamagedFile: a cell is no time; says its line.
    """
    import pandas as pd

    check_columns(frame, [column], path)
    cells = frame[column]
    if pd.api.types.is_numeric_dtype(cells.dtype):
        raise DamagedFile(
            f"{path}, line {frame.index[0]}: {column} is the number {cells.iloc[0]}; expected a time, such as "
            "2017-10-20 08:00. Write the times as dates."
        )
    times = pd.to_datetime(cells, errors="coerce", format=form, utc=True)
    wrong = np.flatnonzero(times.isna())
    if len(wrong):
        cell = cells.iloc[wrong[0]]
        raise DamagedFile(
            f"{path}, line {frame.index[wrong[0]]}: {column} is {cell!r}; expected a time "
            + ("such as 2017-10-20 08:00." if form == "ISO8601" else f"written {form}.")
        )
    return times.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")


def find_time_column(columns: Sequence[str]) -> str | None:
    """The first of ``TIME_COLUMNS`` that is there, in whatever case; ``None`` where there is none."""
    lowered = {column.lower(): column for column in columns}
    return next((lowered[name] for name in TIME_COLUMNS if name in lowered), None)


def check_columns(frame: pd.DataFrame, columns: Sequence[str], path: Path) -> None:
    """Refuse a file that lacks a column.

    Raises:
        ValueError: as said.
    """
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        there = ", ".join(map(str, frame.columns))
        raise ValueError(f"{path} has no column {', '.join(map(repr, absent))}; its columns are {there:.300}.")
