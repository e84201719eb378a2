"""The air of Beijing, hourly, 2010 to 2014: fine dust at the US embassy, and the weather at the airport.

X. Liang et al., "Assessing Beijing's PM2.5 pollution: severity, weather impact, APEC and winter heating", Proceedings
of the Royal Society A 471, 2015, doi:10.1098/rspa.2015.0257. One value of dust in twenty is missing.
"""

from __future__ import annotations

import numpy as np

from rnnzoo.data._borders import Dates, Shares, borders
from rnnzoo.data._drawn_series import drawn_series
from rnnzoo.data._files import DamagedFile, find_or_fetch
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._series import Series, Table
from rnnzoo.data._series_files import check_columns, numbers, read_table
from rnnzoo.registry import DATA

FILE = "PRSA_data_2010.1.1-2014.12.31.csv"
ADDRESS = "https://raw.githubusercontent.com/jbrownlee/Datasets/master/pollution.csv"
SHA256 = "892e9559205d16d32623135c127a3951c12e46ea1e0b3093e107ce89a9fd60e2"
MEASURED = ["pm2.5", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"]
WINDS = ["NE", "NW", "SE", "cv"]
"""Directions of the wind; "cv" is calm and variable."""
COLUMNS = [*MEASURED, *(f"wind {wind}" for wind in WINDS)]


@DATA.register(
    "beijing_pm25",
    description="fine dust in Beijing's air and the weather, hourly, 2010 to 2014; values are missing",
    kind="forecast",
    licence="CC BY 4.0",
    source="https://archive.ics.uci.edu/dataset/381/beijing+pm2+5+data",
)
class BeijingPm25(ForecastData):
    """Fine dust pm2.5 (micrograms a cubic metre), dew point, temperature, pressure, hours of wind, snow and rain, and
    the wind's direction as four channels of 0 and 1.

    Takes the official file, ``beijing_pm25/PRSA_data_2010.1.1-2014.12.31.csv`` or the file alone (also with .gz), from
    ``dir`` (or, without it, ``$RNNZOO_DATA`` and the cache), else downloads it.

    Args:
        look_back, horizon, targets, past, calendar, stride, eval_stride, missing: as ``ForecastData`` says.
        validation, test: the dates at which these parts begin (there is no official split), or shares of the rows.
        batch_size, eval_batch_size, shuffle, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the file, if not the usual places.
        download: whether the official file may be fetched.

    Raises:
        ValueError: borders that are none.
    """

    def __init__(
        self,
        look_back: int = 96,
        horizon: int = 24,
        targets: list[str] | None = None,
        past: list[str] | None = None,
        calendar: list[str] | None = None,
        stride: int = 1,
        eval_stride: int = 1,
        missing: str = "impute",
        validation: float | str = "2013-01-01",
        test: float | str = "2014-01-01",
        batch_size: int = 32,
        eval_batch_size: int | None = 256,
        shuffle: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        dir: str | None = None,
        download: bool = True,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            look_back=look_back,
            horizon=horizon,
            targets=["pm2.5"] if targets is None else targets,
            past=past,
            calendar=calendar,
            stride=stride,
            eval_stride=eval_stride,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
            missing=missing,
        )
        self._borders = borders(validation, test)
        self.dir = dir
        self.download = download

    def read(self) -> Table:
        """The one series of the file.

        Raises:
            DamagedFile: an unknown direction of the wind, or a date that is none; says which line.
        """
        path = find_or_fetch(
            "beijing_pm25",
            [FILE, f"{FILE}.gz"],
            directory=self.dir,
            url=ADDRESS,
            sha256=SHA256,
            download=self.download,
            save_as=FILE,
        )
        frame = read_table(path)
        check_columns(frame, ["cbwd"], path)
        strange = np.flatnonzero(~frame["cbwd"].isin(WINDS))
        if len(strange):
            wind = frame["cbwd"].iloc[strange[0]]
            raise DamagedFile(f"{path}, line {frame.index[strange[0]]}: cbwd is {wind!r}; expected {', '.join(WINDS)}.")
        winds = np.stack([frame["cbwd"] == wind for wind in WINDS], axis=1)  # (T, 4)
        values = np.concatenate([numbers(frame, MEASURED, path), winds], axis=1)
        date = numbers(frame, ["year", "month", "day", "hour"], path)  # (T, 4)
        wrong = np.flatnonzero(np.isnan(date).any(axis=1))
        if len(wrong):
            raise DamagedFile(f"{path}, line {frame.index[wrong[0]]}: year, month, day or hour is missing.")
        return Table(COLUMNS, [Series("", values, moments_of(date), path=str(path), lines=frame.index.to_numpy())])

    def borders(self) -> Shares | Dates:
        """Three years, one and one, or as given."""
        return self._borders

    @classmethod
    def tiny(cls) -> BeijingPm25:
        """Made-up measurements of eight days, of which some dust is missing; no file is read."""
        data = cls(look_back=8, horizon=4, validation=0.25, test=0.25, batch_size=8, eval_batch_size=16)
        series = drawn_series(192, len(COLUMNS), start="2010-01-01")
        series.values[[0, 1, 50, 51, 52, 100, 160], 0] = np.nan
        data._given = Table(COLUMNS, [series])
        return data


def moments_of(date: np.ndarray) -> np.ndarray:
    """Years, months, days and hours (T, 4) as times (T,)."""
    year, month, day, hour = date.astype(np.int64).T
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
    days = months.astype("datetime64[D]") + (day - 1)
    return (days.astype("datetime64[h]") + hour).astype("datetime64[ns]")
