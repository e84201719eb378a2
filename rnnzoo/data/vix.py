"""VIX, the volatility index of the Chicago Board Options Exchange, each trading day since 1990."""

from __future__ import annotations

from rnnzoo.data._borders import Dates, Shares, borders
from rnnzoo.data._files import MissingData, find, places
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._returns import check_form, drawn_prices, log_returns
from rnnzoo.data._series import Series, Table
from rnnzoo.data._series_files import moments, numbers, read_table
from rnnzoo.registry import DATA

FILES = ["vix-daily.csv", "VIX_History.csv"]
SOURCE = "https://github.com/datasets/finance-vix"
COLUMNS = ["OPEN", "HIGH", "LOW", "CLOSE"]


@DATA.register(
    "vix",
    description="the volatility index VIX, each trading day since 1990, as levels or returns",
    kind="forecast",
    licence="ODC-PDDL 1.0",
    source=SOURCE,
)
class Vix(ForecastData):
    """Opening, highest, lowest and closing level; on 506 early days, the last in 2004, all are the closing one.

    Takes ``vix/vix-daily.csv`` or ``vix-daily.csv`` (or the exchange's own ``VIX_History.csv``) from ``dir`` (or,
    without it, ``$RNNZOO_DATA`` and the cache). The official file grows every day, so there is none with a known
    checksum to be fetched; ``data_version`` tells one day's from another's. Rows are steps, whatever days lie between.

    Args:
        look_back, horizon, calendar, stride, eval_stride: as ``ForecastData`` says.
        targets: columns to be forecast; ``None``: CLOSE.
        past: columns of which only the past is known; ``None``: none.
        form: "prices", the levels, or "returns", the logarithm of a day's level over the day before's.
        validation, test: the dates at which these parts begin (there is no official split), or shares of the rows.
        batch_size, eval_batch_size, shuffle, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the file, if not the usual places.

    Raises:
        ValueError: no such form, or borders that are none.
    """

    def __init__(
        self,
        look_back: int = 60,
        horizon: int = 5,
        targets: list[str] | None = None,
        past: list[str] | None = None,
        calendar: list[str] | None = None,
        stride: int = 1,
        eval_stride: int = 1,
        form: str = "prices",
        validation: float | str = "2016-01-01",
        test: float | str = "2020-01-01",
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
            targets=["CLOSE"] if targets is None else targets,
            past=past or [],
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
            frequency="B",
            season=1,
        )
        check_form(form)
        self.form = form
        self._borders = borders(validation, test)
        self.dir = dir

    def read(self) -> Table:
        """The one series of the file.

        Raises:
            MissingData: the file is nowhere.
        """
        where = places("vix", self.dir)
        path = find(where, FILES)
        if path is None:
            raise MissingData(
                f"dataset 'vix': no {' or '.join(FILES)} in {', '.join(map(str, where))}. Fetch data/vix-daily.csv "
                f"from {SOURCE}, and set RNNZOO_DATA to the folder that holds it."
            )
        frame = read_table(path)
        form = "%m/%d/%Y" if path.name == FILES[1] else "ISO8601"
        times, lines = moments(frame, "DATE", path, form), frame.index.to_numpy()
        series = Series("", numbers(frame, COLUMNS, path), times, path=str(path), lines=lines)
        return Table(COLUMNS, [series if self.form == "prices" else log_returns(series, COLUMNS)])

    def borders(self) -> Shares | Dates:
        """From 2016 on validation, from 2020 on test, or as given."""
        return self._borders

    @classmethod
    def tiny(cls) -> Vix:
        """Made-up levels of two hundred days; no file is read."""
        data = cls(look_back=8, horizon=4, validation=0.2, test=0.2, batch_size=8, eval_batch_size=16)
        data._given = Table(COLUMNS, [drawn_prices(200, len(COLUMNS))])
        return data
