"""One series as a user has it: a pandas frame, a dict of columns, an array."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnnzoo.data._series import Series
from rnnzoo.data._series_files import find_time_column, moments, read_table

ABOUT = ("series", "future", "static")
"""What a dict may say beside "values"."""


class RawSeries(NamedTuple):
    """A past as it was given."""

    series: Series  # named after its place in the list
    of_series: str | None  # the name of a series of the training data
    future: np.ndarray | None  # (M, K), columns known in advance
    static: Mapping[str, float] | None
    index_name: str | None
    timezone: Any  # of the dates; None where they have none
    next_row: int  # where there are no times, the number that follows the last row's


def raw_series(item: Any, name: str, channels: Sequence[str], known: Sequence[str]) -> RawSeries:
    """An item (see ``ForecastCodec``) with its columns in order.

    Args:
        name: of the item, for messages.

    Raises:
        TypeError, ValueError: it is no series, a column is missing, or a cell is no number.
    """
    import pandas as pd

    about: Mapping[str, Any] = {}
    if isinstance(item, Mapping) and "values" in item and "values" not in channels:
        about = item
        strange = set(about) - {"values", *ABOUT}
        if strange:
            raise ValueError(f"{name} has {', '.join(sorted(strange))}; expected values, {', '.join(ABOUT)}.")
        item = about["values"]
    frame = _frame(item, name, channels, known)
    future = about.get("future")
    if known and future is None:
        frame, future = _apart(frame, channels)
    times = frame.index
    dated = isinstance(times, pd.DatetimeIndex)
    naive = (times.tz_convert("UTC").tz_localize(None) if times.tz is not None else times) if dated else None
    if isinstance(times, (pd.PeriodIndex, pd.TimedeltaIndex)):
        raise TypeError(f"{name} has a {type(times).__name__}; expected a DatetimeIndex (frame.index.to_timestamp()).")
    ahead = f"{name}, future"
    numbered = not dated and len(times) and pd.api.types.is_integer_dtype(times.dtype)
    series = Series(
        name=name,
        values=_numbers(frame, channels, name),
        times=None if naive is None else naive.to_numpy(dtype="datetime64[ns]"),
        known=_numbers(frame, known, name) if known else None,
    )
    return RawSeries(
        series=series,
        of_series=about.get("series"),
        future=None if future is None else _numbers(_frame(future, ahead, known, ()), known, ahead),
        static=about.get("static"),
        index_name=None if times.name is None else str(times.name),
        timezone=times.tz if dated else None,
        next_row=int(times[-1]) + 1 if numbered else len(frame),
    )


def _frame(item: Any, name: str, columns: Sequence[str], known: Sequence[str]) -> Any:
    import pandas as pd

    if isinstance(item, pd.DataFrame):
        return item
    if isinstance(item, pd.Series):
        return item.to_frame(columns[0]) if len(columns) == 1 else item.to_frame()
    if isinstance(item, Mapping):
        return pd.DataFrame(dict(item))
    if isinstance(item, (str, os.PathLike)):
        path = Path(item).expanduser()
        if path.is_file():
            return _read(path)
        raise TypeError(
            f"{name} is the string {str(item)!r:.60}, and there is no such file; expected a pandas DataFrame or "
            "Series, a dict of columns, an array or the path of a CSV file. Give a list of them: predict([frame])."
        )
    values = np.asarray(item, dtype=float)
    wide = [*columns, *known]
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or values.shape[1] != len(wide):
        raise ValueError(
            f"{name} has shape {np.shape(item)}; expected (T, {len(wide)}), the columns {', '.join(wide[:20])}."
        )
    return pd.DataFrame(values, columns=wide)


def _read(path: Path) -> Any:
    """The frame of a file, indexed by its times where it has such a column."""
    import pandas as pd

    frame = read_table(path)
    time = find_time_column(list(frame.columns))
    if time is None:
        return frame.reset_index(drop=True)
    return frame.set_index(pd.DatetimeIndex(moments(frame, time, path), name=time))


def _apart(frame: Any, channels: Sequence[str]) -> tuple[Any, Any]:
    """The past and the rows behind it in which no channel has a value; ``None`` for none."""
    there = frame[[column for column in channels if column in frame.columns]].notna().any(axis=1).to_numpy()
    end = len(frame) - int(there[::-1].argmax()) if there.any() else len(frame)
    return frame.iloc[:end], None if end == len(frame) else frame.iloc[end:]


def _numbers(frame: Any, columns: Sequence[str], name: str) -> np.ndarray:
    """The columns of a frame as float64 (T, C)."""
    import pandas as pd

    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise ValueError(
            f"{name} has no column {', '.join(map(repr, absent))}; it has {', '.join(map(repr, frame.columns[:20]))}."
        )
    found = []
    for column in columns:
        numbers = pd.to_numeric(frame[column], errors="coerce")
        wrong = np.flatnonzero(numbers.isna() & frame[column].notna())
        if len(wrong):
            raise ValueError(
                f"{name}, row {wrong[0]}: {column} is {frame[column].iloc[wrong[0]]!r}; expected a number."
            )
        found.append(numbers.to_numpy(dtype=float))
    return np.stack(found, axis=1)
