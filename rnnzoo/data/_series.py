"""Series as they were read: their values, times and covariates, and what is refused in them, with row numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnnzoo.data._frequency import SHOWN, Gap, find_gaps, grid

GAPS = {
    "refuse": "rows that the frequency demands and that are not there are an error",
    "insert": "they are inserted, without values",
    "keep": "rows are steps whatever lies between them, as trading days are",
}
MISSING = {
    "refuse": "a missing value is an error",
    "impute": "the last value is carried on, and a channel of its own says where one was there",
}


class Series(NamedTuple):
    """One series; rows are steps."""

    name: str
    values: np.ndarray  # (T, C) float64, NaN where missing
    times: np.ndarray | None = None  # (T,) datetime64[ns]
    known: np.ndarray | None = None  # (T, K) float64, columns known in advance
    static: tuple[float, ...] = ()
    path: str = ""  # the file
    lines: np.ndarray | None = None  # (T,) of each row in the file; -1: not in it

    def place(self, row: int) -> str:
        """A row in words: its number, or its file and line."""
        if self.lines is not None and self.lines[row] > 0:
            return f"{self.path}, line {self.lines[row]}" + (f" (series '{self.name}')" if self.name else "")
        return f"{self.name}, row {row}" if self.name else f"row {row}"


class Table(NamedTuple):
    """All series of a dataset, with the names of their columns."""

    columns: list[str]
    series: list[Series]
    known: Sequence[str] = ()
    static: Sequence[str] = ()


def check_policies(missing: str, gaps: str) -> None:
    """Refuse what is no way to treat missing values or gaps.

    Raises:
        ValueError: as said, or gaps are to be filled with rows whose missing values are refused.
    """
    for name, given, ways in (("missing", missing, MISSING), ("gaps", gaps, GAPS)):
        if given not in ways:
            raise ValueError(f"{name} is {given!r}; expected {' or '.join(map(repr, ways))}.")
    if gaps == "insert" and missing != "impute":
        raise ValueError("gaps='insert' inserts rows without values, and missing is 'refuse'; give missing='impute'.")


def check_times(series: Series) -> None:
    """Refuse times that are missing, come twice or are not in order.

    Raises:
        ValueError: says the first such row.
    """
    times = series.times
    if times is None:
        return
    unknown = np.flatnonzero(np.isnat(times))
    if len(unknown):
        raise ValueError(f"{series.place(int(unknown[0]))}: the time is missing; expected one in every row.")
    wrong = np.flatnonzero(np.diff(times) <= np.timedelta64(0))
    if not len(wrong):
        return
    row = int(wrong[0]) + 1
    what = "comes twice" if times[row] == times[row - 1] else f"stands behind {_shown(times[row - 1])}"
    raise ValueError(
        f"{series.place(row)}: the time {_shown(times[row])} {what}; expected times in order, each once. "
        f"{len(wrong)} row(s) are so; sort the rows, remove those that come twice, or name the column that tells "
        "series apart."
    )


def treat_gaps(series: Series, frequency: str | None, gaps: str) -> Series:
    """The series as ``GAPS[gaps]`` says.

    Raises:
        ValueError: there are gaps and they are refused, or times off the frequency's grid where rows are inserted.
    """
    if series.times is None or frequency is None or gaps == "keep":
        return series
    found = find_gaps(series.times, frequency)
    if not found:
        return series
    if gaps == "refuse" or any(gap.steps == 0 for gap in found):
        raise ValueError(told_gaps(series, found, frequency))
    expected = grid(series.times, frequency)
    rows = np.searchsorted(expected, series.times)

    def spread(array: np.ndarray, filler: float) -> np.ndarray:
        whole = np.full((len(expected), *array.shape[1:]), filler, dtype=array.dtype)
        whole[rows] = array
        return whole

    return series._replace(
        values=spread(series.values, np.nan),
        times=expected,
        known=None if series.known is None else spread(series.known, np.nan),
        lines=None if series.lines is None else spread(series.lines, -1),
    )


def told_gaps(series: Series, gaps: Sequence[Gap], frequency: str) -> str:
    """The gaps of a series in words, the first few with their rows, and what can be done."""
    times = series.times
    shown = []
    for row, steps in gaps[:SHOWN]:
        if steps:
            before = _shown(times[row - 1])  # type: ignore[index]
            words = f"{steps} step(s) of {frequency} are missing between {before} and {_shown(times[row])}"  # type: ignore[index]
        else:
            words = f"{_shown(times[row])} is no step of {frequency} from {_shown(times[0])} on"  # type: ignore[index]
        shown.append(f"{series.place(row)}: {words}")
    rest = f"; and {len(gaps) - SHOWN} more" if len(gaps) > SHOWN else ""
    return (
        f"{'; '.join(shown)}{rest}. Complete the rows, or give gaps='insert' with missing='impute' (rows without "
        "values are inserted and filled), gaps='keep' (rows are steps, whatever the clock says) or another frequency."
    )


def check_values(series: Series, columns: Sequence[str], missing: str, known: Sequence[str] = ()) -> None:
    """Refuse infinite values, missing ones of what is known in advance, and all missing ones with "refuse".

    Raises:
        ValueError: says the first such rows.
    """
    if np.isinf(series.values).any():
        row, column = np.argwhere(np.isinf(series.values))[0]
        raise ValueError(f"{series.place(int(row))}: {columns[column]} is infinite; expected finite numbers.")
    if series.known is not None and not np.isfinite(series.known).all():
        row, column = np.argwhere(~np.isfinite(series.known))[0]
        raise ValueError(
            f"{series.place(int(row))}: {known[column]} is missing or infinite; what is known in advance has to be "
            "there in every row. Fill it in."
        )
    absent = np.argwhere(np.isnan(series.values))  # (A, 2)
    if missing == "refuse" and len(absent):
        shown = "; ".join(f"{series.place(int(row))}: {columns[column]}" for row, column in absent[:SHOWN])
        rest = f"; and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
        raise ValueError(
            f"missing value(s): {shown}{rest}. Fill them in, or give missing='impute' (the last value is carried on, a "
            "channel says where, and missing targets count for nothing)."
        )


def carried_on(values: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Values (T, C) with the last number before each NaN in its place; ``before`` (C,) where there is none."""
    absent = np.isnan(values)
    if not absent.any():
        return values
    rows = np.where(absent, -1, np.arange(len(values))[:, None])  # (T, C)
    last = np.maximum.accumulate(rows, axis=0)
    found = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last < 0, before, found)


def _shown(time: np.datetime64) -> str:
    import pandas as pd

    return str(pd.Timestamp(time))
