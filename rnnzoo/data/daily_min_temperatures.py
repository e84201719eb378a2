"""The lowest temperature of each day in Melbourne, 1981 to 1990.

Australian Bureau of Meteorology, from the Time Series Data Library of R. J. Hyndman.
"""

from __future__ import annotations

from rnnzoo.data._borders import Dates, Shares, borders
from rnnzoo.data._drawn_series import drawn_series
from rnnzoo.data._files import find_or_fetch
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._series import Series, Table
from rnnzoo.data._series_files import moments, numbers, read_table
from rnnzoo.registry import DATA

FILE = "daily-min-temperatures.csv"
ADDRESS = f"https://raw.githubusercontent.com/jbrownlee/Datasets/master/{FILE}"
SHA256 = "8b9de63ed6789492bf497625e7f9beb96a63d367b4b0a21754006f749fa5e5da"
COLUMNS = ["Temp"]


@DATA.register(
    "daily_min_temperatures",
    description="the lowest temperature of each day in Melbourne, 1981 to 1990",
    kind="forecast",
    licence="not stated",
    source="https://github.com/jbrownlee/Datasets",
)
class DailyMinTemperatures(ForecastData):
    """3650 temperatures in degrees Celsius. The last days of 1984 and 1988 are not there, so each year has 365 rows.

    Takes the official file, ``daily_min_temperatures/daily-min-temperatures.csv`` or the file alone, from ``dir`` (or,
    without it, ``$RNNZOO_DATA`` and the cache), else downloads it.

    Args:
        look_back, horizon, calendar, stride, eval_stride: as ``ForecastData`` says.
        validation, test: the dates at which these parts begin (there is no official split), or shares of the rows.
        batch_size, eval_batch_size, shuffle, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the file, if not the usual places.
        download: whether the official file may be fetched.

    Raises:
        ValueError: borders that are none.
    """

    def __init__(
        self,
        look_back: int = 60,
        horizon: int = 7,
        calendar: list[str] | None = None,
        stride: int = 1,
        eval_stride: int = 1,
        validation: float | str = "1989-01-01",
        test: float | str = "1990-01-01",
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
            gaps="keep",
            frequency="D",
            season=365,
        )
        self._borders = borders(validation, test)
        self.dir = dir
        self.download = download

    def read(self) -> Table:
        """The one series of the file."""
        path = find_or_fetch(
            "daily_min_temperatures",
            [FILE],
            directory=self.dir,
            url=ADDRESS,
            sha256=SHA256,
            download=self.download,
        )
        frame = read_table(path)
        times, lines = moments(frame, "Date", path), frame.index.to_numpy()
        return Table(COLUMNS, [Series("", numbers(frame, COLUMNS, path), times, path=str(path), lines=lines)])

    def borders(self) -> Shares | Dates:
        """Eight years, one and one, or as given."""
        return self._borders

    @classmethod
    def tiny(cls) -> DailyMinTemperatures:
        """Made-up temperatures of two hundred days; no file is read."""
        data = cls(look_back=8, horizon=4, validation=0.2, test=0.2, batch_size=8, eval_batch_size=16)
        data._given = Table(COLUMNS, [drawn_series(200, 1, period=50, start="1981-01-01", minutes=1440)])
        return data
