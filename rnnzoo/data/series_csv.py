"""A user's own series, from a CSV or Parquet file with a time column."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnnzoo.data._borders import Dates, Shares, borders
from rnnzoo.data._drawn_series import drawn_series
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._series import Series, Table
from rnnzoo.data._series_files import TIME_COLUMNS, check_columns, find_time_column, moments, numbers, read_table
from rnnzoo.registry import DATA

if TYPE_CHECKING:
    import pandas as pd


@DATA.register(
    "series_csv",
    description="your own series: a CSV, TSV or Parquet file with a time column, one series or several by an id column",
    kind="forecast",
    licence="the user's",
    source="",
)
class SeriesCsv(ForecastData):
    """One or several series from one file, split in time.

    Times that are not in order, come twice or leave out steps of their frequency are refused with their lines, and so
    are missing values, unless ``gaps`` and ``missing`` say otherwise.

    Args:
        path: .csv, .tsv or .txt (commas), also with .gz; UTF-8, with a header. Or .parquet, where pyarrow is installed.
        time_column: ``None``: the first there is of date, time, datetime, timestamp, ds.
        id_column: tells series apart; ``None``: there is one.
        known_columns: columns known in advance, such as holidays and prices; they stand before the calendar.
        static_columns: columns of numbers that do not change along a series.
        time_format: how times are written: as ISO 8601 has it (2017-10-20 08:00), or as ``strftime`` says ("%d.%m.%Y").
        look_back, horizon, targets, past, calendar, stride, eval_stride, missing, gaps, frequency, season: as
            ``ForecastData`` says; columns that are neither times, ids, known nor static are values.
        validation, test: shares of the time, the test last; or the dates at which these parts begin.
        batch_size, eval_batch_size, shuffle, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.

    Raises:
        ValueError: borders that are none, or no such way to treat gaps and missing values.
    """

    def __init__(
        self,
        path: str,
        time_column: str | None = None,
        id_column: str | None = None,
        known_columns: list[str] | None = None,
        static_columns: list[str] | None = None,
        time_format: str = "ISO8601",
        look_back: int = 96,
        horizon: int = 24,
        targets: list[str] | None = None,
        past: list[str] | None = None,
        calendar: list[str] | None = None,
        stride: int = 1,
        eval_stride: int = 1,
        missing: str = "refuse",
        gaps: str = "refuse",
        frequency: str | None = None,
        season: int | None = None,
        validation: float | str = 0.1,
        test: float | str = 0.2,
        batch_size: int = 32,
        eval_batch_size: int | None = 256,
        shuffle: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            look_back=look_back,
            horizon=horizon,
            targets=targets,
            past=past,
            calendar=calendar,
            stride=stride,
            eval_stride=eval_stride,
            missing=missing,
            gaps=gaps,
            frequency=frequency,
            season=season,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
        )
        self.path = Path(os.path.expanduser(path))
        self.time_column = time_column
        self.time_format = time_format
        self.id_column = id_column
        self.known_columns = list(known_columns or ())
        self.static_columns = list(static_columns or ())
        self._borders = borders(validation, test)

    def read(self) -> Table:
        """The series of the file, in the order in which they begin there.

        Raises:
            ValueError: a column is not there, none is left for values, or a static one changes; says where.
        """
        frame = read_table(self.path)
        time = self._time_column(list(frame.columns))
        apart = [time, *self.known_columns, *self.static_columns, *([self.id_column] if self.id_column else [])]
        check_columns(frame, apart, self.path)
        values = [name for name in frame.columns if name not in apart]
        if self.targets is not None and self.past is not None:
            values = list(dict.fromkeys([*self.targets, *self.past]))
        if not values:
            raise ValueError(f"{self.path} has only the columns {', '.join(apart)}; expected one of values besides.")
        given, times = numbers(frame, values, self.path), moments(frame, time, self.path, self.time_format)
        known = numbers(frame, self.known_columns, self.path)
        static = numbers(frame, self.static_columns, self.path)
        lines = frame.index.to_numpy()
        ids = self._ids(frame)
        found = []
        for rows in rows_of_each(ids):
            series = Series(
                name=str(ids[rows[0]]),
                values=given[rows],
                times=times[rows],
                known=known[rows] if self.known_columns else None,
                path=str(self.path),
                lines=lines[rows],
            )
            found.append(series._replace(static=self._static(series, static[rows])))
        return Table(values, found, self.known_columns, self.static_columns)

    def borders(self) -> Shares | Dates:
        """As given."""
        return self._borders

    def _ids(self, frame: pd.DataFrame) -> np.ndarray:
        """The name of each row's series (T,), "" where there is one alone."""
        if self.id_column is None:
            return np.full(len(frame), "")
        absent = np.flatnonzero(frame[self.id_column].isna())
        if len(absent):
            raise ValueError(f"{self.path}, line {frame.index[absent[0]]}: {self.id_column} is missing.")
        return frame[self.id_column].astype(str).to_numpy(dtype=str)

    def _time_column(self, there: list[str]) -> str:
        if self.time_column is not None:
            return self.time_column
        found = find_time_column(there)
        if found is not None:
            return found
        raise ValueError(
            f"{self.path} has none of {', '.join(TIME_COLUMNS)}; its columns are {', '.join(there):.300}. Set "
            "time_column to one of them."
        )

    def _static(self, series: Series, values: np.ndarray) -> tuple[float, ...]:
        """The one value of each static column (T, P) of a series."""
        changes = np.argwhere(~(values == values[0]))
        if len(changes):
            row, column = changes[0]
            raise ValueError(
                f"{series.place(int(row))}: {self.static_columns[column]} is {values[row, column]:g}, and "
                f"{values[0, column]:g} in the series' first row; expected one number throughout a series."
            )
        return tuple(values[0].tolist())

    @classmethod
    def tiny(cls) -> SeriesCsv:
        """Two made-up series with a known column and a static one; no file is read."""
        data = cls("tiny.csv", look_back=8, horizon=4, calendar=["hour"], batch_size=8, eval_batch_size=16)
        series = [
            drawn_series(100, 2, name=name)._replace(known=np.arange(100.0)[:, None] % 7, static=(size,))
            for name, size in (("north", 1.0), ("south", 2.0))
        ]
        data._given = Table(["demand", "price"], series, ["holiday"], ["size"])
        return data


def rows_of_each(ids: np.ndarray) -> list[np.ndarray]:
    """The rows of each distinct id of (T,), in the order in which they begin."""
    _, first, number = np.unique(ids, return_index=True, return_inverse=True)
    rows = np.split(np.argsort(number, kind="stable"), np.bincount(number).cumsum()[:-1])
    return [rows[i] for i in np.argsort(first)]
