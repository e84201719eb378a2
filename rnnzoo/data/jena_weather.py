"""The weather of Jena in 2020, every 10 minutes: "Weather" of the published tables.

Measured by the Max Planck Institute for Biogeochemistry, Jena; prepared for H. Wu et al., "Autoformer: Decomposition
Transformers with Auto-Correlation for Long-Term Series Forecasting", NeurIPS 2021, arXiv:2106.13008.
"""

from __future__ import annotations

import numpy as np

from rnnzoo.data._borders import Dates, Shares, borders
from rnnzoo.data._drawn_series import drawn_series
from rnnzoo.data._files import MissingData, find, places
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._series import Series, Table
from rnnzoo.data._series_files import moments, numbers, read_table
from rnnzoo.registry import DATA

SOURCE = "https://github.com/thuml/Autoformer"
FILES = ["weather.csv.gz", "weather.csv"]
COLUMNS = [
    "p (mbar)", "T (degC)", "Tpot (K)", "Tdew (degC)", "rh (%)", "VPmax (mbar)", "VPact (mbar)", "VPdef (mbar)",
    "sh (g/kg)", "H2OC (mmol/mol)", "rho (g/m**3)", "wv (m/s)", "max. wv (m/s)", "wd (deg)", "rain (mm)", "raining (s)",
    "SWDR (W/m²)", "PAR (µmol/m²/s)", "max. PAR (µmol/m²/s)", "Tlog (degC)", "OT",
]  # fmt: skip
FAULT = -9999.0
"""What the file has where an instrument failed."""


@DATA.register(
    "jena_weather",
    description="the weather of Jena in 2020, every 10 minutes, 21 measurements",
    kind="forecast",
    licence="not stated",
    source=SOURCE,
)
class JenaWeather(ForecastData):
    """21 measurements, a row every 10 minutes.

    Takes ``jena_weather_2020/weather.csv`` or ``weather.csv`` (also with .gz) from ``dir`` (or, without it,
    ``$RNNZOO_DATA`` and the cache). Its authors give it out from a drive that asks for a browser, so it is not fetched.
    Rows are steps, as the published tables have it: one time stands there twice, and once nine rows are missing.

    Args:
        look_back, horizon, targets, past, calendar, stride, eval_stride: as ``ForecastData`` says.
        faults: "keep" the values -9999 of failed instruments, as the published tables do, or "impute" them.
        validation, test: shares of the rows, in time: those of the published tables, after 70 % for training; or the
            dates at which these parts begin.
        batch_size, eval_batch_size, shuffle, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the file, if not the usual places.

    Raises:
        ValueError: another way to treat faults, or shares that leave nothing to train on.
    """

    def __init__(
        self,
        look_back: int = 96,
        horizon: int = 96,
        targets: list[str] | None = None,
        past: list[str] | None = None,
        calendar: list[str] | None = None,
        stride: int = 1,
        eval_stride: int = 1,
        faults: str = "keep",
        validation: float | str = 0.1,
        test: float | str = 0.2,
        batch_size: int = 32,
        eval_batch_size: int | None = 256,
        shuffle: bool = True,
        drop_last: bool = False,
        seed: int = 0,
        dir: str | None = None,
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
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
            missing="refuse" if faults == "keep" else "impute",
            gaps="keep",
            frequency="10min",
        )
        if faults not in ("keep", "impute"):
            raise ValueError(f"faults is {faults!r}; expected 'keep' or 'impute'.")
        self.faults = faults
        self._borders = borders(validation, test)
        self.dir = dir

    def read(self) -> Table:
        """The one series of the file.

        Raises:
            MissingData: the file is nowhere.
        """
        where = places("jena_weather_2020", self.dir)
        path = find(where, FILES)
        if path is None:
            raise MissingData(
                f"dataset 'jena_weather': no {' or '.join(FILES)} in {', '.join(map(str, where))}. Fetch weather.csv "
                f"from where {SOURCE} says, and set RNNZOO_DATA to the folder that holds it."
            )
        frame = read_table(path)
        if len(frame.columns) == 1 + len(COLUMNS):  # the units are spoilt in the file
            frame.columns = ["date", *COLUMNS]
        values, times = numbers(frame, COLUMNS, path), moments(frame, "date", path)
        if self.faults == "impute":
            values[values == FAULT] = np.nan
        return Table(COLUMNS, [Series("", values, each_once(times), path=str(path), lines=frame.index.to_numpy())])

    def borders(self) -> Shares | Dates:
        """70, 10 and 20 %, or as given."""
        return self._borders

    @classmethod
    def tiny(cls) -> JenaWeather:
        """Made-up measurements of a day and a half; no file is read."""
        data = cls(look_back=8, horizon=4, batch_size=8, eval_batch_size=16)
        data._given = Table(COLUMNS, [drawn_series(216, len(COLUMNS), period=144, start="2020-01-01", minutes=10)])
        return data


def each_once(times: np.ndarray) -> np.ndarray:
    """Times (T,) of which one that stands there twice is a minute later the second time."""
    again = np.concatenate([[False], np.diff(times) == np.timedelta64(0)])
    return np.where(again, times + np.timedelta64(60, "s"), times)
