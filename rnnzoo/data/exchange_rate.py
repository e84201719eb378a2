"""Daily exchange rates of eight currencies, 1990 to 2016.

G. Lai et al., "Modeling Long- and Short-Term Temporal Patterns with Deep Neural Networks", SIGIR 2018,
arXiv:1703.07015. The file has neither dates nor names; a rate is hard to tell from a random walk.
"""

from __future__ import annotations

import numpy as np

from rnnzoo.data._borders import Dates, Shares, borders
from rnnzoo.data._files import DamagedFile, find_or_fetch
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._series import Series, Table
from rnnzoo.data._series_files import numbers, read_table
from rnnzoo.registry import DATA

ADDRESS = "https://raw.githubusercontent.com/laiguokun/multivariate-time-series-data/master/exchange_rate"
FILE = "exchange_rate.txt"
SHA256 = "6a4fbb561dcdee43f071a83badbeec9223a335552278348656738b556f1c2e9d"  # of the official file, which is packed
COLUMNS = ["Australia", "United Kingdom", "Canada", "Switzerland", "China", "Japan", "New Zealand", "Singapore"]


@DATA.register(
    "exchange_rate",
    description="daily exchange rates of eight currencies, 1990 to 2016; no dates",
    kind="forecast",
    licence="not stated",
    source="https://github.com/laiguokun/multivariate-time-series-data",
)
class ExchangeRate(ForecastData):
    """Eight rates, a row a day.

    Takes the official file, ``exchange_rate/exchange_rate.txt.gz`` or ``exchange_rate.txt.gz`` (also unpacked), from
    ``dir`` (or, without it, ``$RNNZOO_DATA`` and the cache), else downloads it.

    Args:
        look_back, horizon, targets, past, stride, eval_stride: as ``ForecastData`` says.
        validation, test: shares of the rows, in time: those of the published tables, after 70 % for training.
        batch_size, eval_batch_size, shuffle, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the file, if not the usual places.
        download: whether the official file may be fetched.

    Raises:
        ValueError: shares that leave nothing to train on.
    """

    def __init__(
        self,
        look_back: int = 96,
        horizon: int = 96,
        targets: list[str] | None = None,
        past: list[str] | None = None,
        stride: int = 1,
        eval_stride: int = 1,
        validation: float = 0.1,
        test: float = 0.2,
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
            stride=stride,
            eval_stride=eval_stride,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            seed=seed,
            num_workers=num_workers,
            pin_memory=pin_memory,
            season=1,
        )
        self._borders = borders(validation, test)
        self.dir = dir
        self.download = download

    def read(self) -> Table:
        """The one series of the file.

        Raises:
            DamagedFile: the file has other than eight columns.
        """
        path = find_or_fetch(
            "exchange_rate",
            [f"{FILE}.gz", FILE],
            directory=self.dir,
            url=f"{ADDRESS}/{FILE}.gz",
            sha256=SHA256,
            download=self.download,
        )
        frame = read_table(path, header=False)
        if len(frame.columns) != len(COLUMNS):
            raise DamagedFile(
                f"{path}, line 1: {len(frame.columns)} field(s); expected {len(COLUMNS)}, one a currency."
            )
        frame.columns = COLUMNS
        return Table(COLUMNS, [Series("", numbers(frame, COLUMNS, path), path=str(path), lines=frame.index.to_numpy())])

    def borders(self) -> Shares | Dates:
        """70, 10 and 20 %, or as given."""
        return self._borders

    @classmethod
    def tiny(cls) -> ExchangeRate:
        """Made-up rates of two hundred days; no file is read."""
        data = cls(look_back=8, horizon=4, batch_size=8, eval_batch_size=16)
        steps = np.random.RandomState(0).standard_normal((200, len(COLUMNS)))
        data._given = Table(COLUMNS, [Series("", 1 + 0.01 * steps.cumsum(axis=0))])
        return data
