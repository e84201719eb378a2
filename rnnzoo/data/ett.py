"""Electricity transformer temperature: two years of a transformer's loads and its oil's temperature.

H. Zhou et al., "Informer: Beyond Efficient Transformer for Long Sequence Time-Series Forecasting", AAAI 2021,
arXiv:2012.07436. ETTh1 and ETTh2 are hourly, two transformers; ETTm1 is the first every 15 minutes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rnnzoo.data._borders import Counts
from rnnzoo.data._drawn_series import drawn_series
from rnnzoo.data._files import find_or_fetch
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._series import Series, Table
from rnnzoo.data._series_files import moments, numbers, read_table
from rnnzoo.registry import DATA

ADDRESS = "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small"
COLUMNS = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
DECLARED = {"kind": "forecast", "licence": "CC BY-ND 4.0", "source": "https://github.com/zhouhaoyi/ETDataset"}
MONTH = 30
"""Days of a month of the customary borders."""


class Ett(ForecastData):
    """Six loads and the oil temperature OT of a transformer, July 2016 to June 2018.

    Takes the official file, ``ett/NAME.csv`` or ``NAME.csv`` (also with .gz), from ``dir`` (or, without it,
    ``$RNNZOO_DATA`` and the cache), else downloads it. The borders are those of the published tables: 12 months of 30
    days for training, 4 for validation, 4 for the test; the rows behind them are left out.

    Args:
        look_back, horizon, targets, past, calendar, stride, eval_stride: as ``ForecastData`` says.
        batch_size, eval_batch_size, shuffle, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the file, if not the usual places.
        download: whether the official file may be fetched.
    """

    file: ClassVar[str]
    sha256: ClassVar[str]  # of the official file, unpacked
    steps_a_day: ClassVar[int] = 24

    def __init__(
        self,
        look_back: int = 96,
        horizon: int = 96,
        targets: list[str] | None = None,
        past: list[str] | None = None,
        calendar: list[str] | None = None,
        stride: int = 1,
        eval_stride: int = 1,
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
        )
        self.dir = dir
        self.download = download
        self._days = (12 * MONTH, 4 * MONTH, 4 * MONTH)

    def read(self) -> Table:
        """The one series of the file."""
        path = find_or_fetch(
            "ett",
            [self.file, f"{self.file}.gz"],
            directory=self.dir,
            url=f"{ADDRESS}/{self.file}",
            sha256=self.sha256,
            download=self.download,
        )
        frame = read_table(path)
        times, lines = moments(frame, "date", path), frame.index.to_numpy()
        return Table(COLUMNS, [Series("", numbers(frame, COLUMNS, path), times, path=str(path), lines=lines)])

    def borders(self) -> Counts:
        """12, 4 and 4 months of 30 days."""
        return Counts(*(days * self.steps_a_day for days in self._days))

    @classmethod
    def tiny(cls) -> Any:
        """Made-up loads of four days; no file is read."""
        data = cls(look_back=8, horizon=4, batch_size=8, eval_batch_size=16)
        data._days = (2, 1, 1)
        day = cls.steps_a_day
        series = drawn_series(4 * day, len(COLUMNS), period=day, minutes=1440 // day, name=cls.file)
        data._given = Table(COLUMNS, [series._replace(name="")])
        return data


@DATA.register(
    "etth1", description="a transformer, hourly: six loads and the oil's temperature, 2016 to 2018", **DECLARED
)
class EttH1(Ett):
    """ETTh1, hourly; the arguments are those of ``Ett``."""

    file = "ETTh1.csv"
    sha256 = "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"


@DATA.register("etth2", description="another transformer, hourly: six loads and the oil's temperature", **DECLARED)
class EttH2(Ett):
    """ETTh2, another transformer, hourly; the arguments are those of ``Ett``."""

    file = "ETTh2.csv"
    sha256 = "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b"


@DATA.register("ettm1", description="the transformer of etth1, every 15 minutes", **DECLARED)
class EttM1(Ett):
    """ETTm1, every 15 minutes; the arguments are those of ``Ett``."""

    file = "ETTm1.csv"
    sha256 = "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e"
    steps_a_day = 96
