"""Five stocks of the Dow Jones index, each trading day from 2006 to 2017.

From GitHub szrlee/Stock-Time-Series-Analysis, collected from Google Finance.
"""

from __future__ import annotations

from rnnzoo.data._borders import Dates, Shares, borders
from rnnzoo.data._files import find_or_fetch_all
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._returns import check_form, drawn_prices, log_returns
from rnnzoo.data._series import Series, Table
from rnnzoo.data._series_files import moments, numbers, read_table
from rnnzoo.registry import DATA, unknown

SOURCE = "https://github.com/szrlee/Stock-Time-Series-Analysis"
ADDRESS = "https://raw.githubusercontent.com/szrlee/Stock-Time-Series-Analysis/master/data"
STOCKS = {
    "AAPL": "9a4d1d99d708b3a213fe4e709ba2e214fa67aed127972636d61823b87a843f5f",
    "GE": "64254565e5f0e39c662acdb9e6efff9e0fb7a68e21247d8d5a5874435809af78",
    "IBM": "91cbf31153bc397720a79bb4fb516f7ecc2e6440bc6b6591cfff6f02799ab169",
    "JPM": "c744d6af260de2fad88ac670cae0e45bd98a990a1b36b60fef0fb73a7b8e831b",
    "MSFT": "1f1c9b6e9b78c16c5ff03411581c92f62662adb86b8eaf3590ea68cbf3f245da",
}
"""The SHA-256 of each stock's file."""
COLUMNS = ["Open", "High", "Low", "Close", "Volume"]


@DATA.register(
    "djia_stocks",
    description="five stocks of the Dow Jones index, each trading day from 2006 to 2017, as prices or returns",
    kind="forecast",
    licence="not stated",
    source=SOURCE,
)
class DjiaStocks(ForecastData):
    """Opening, highest, lowest and closing price and volume of AAPL, GE, IBM, JPM and MSFT, a series each.

    Takes the official files, ``djia_stocks/AAPL_2006-01-01_to_2018-01-01.csv`` and so on or the files alone, from
    ``dir`` (or, without it, ``$RNNZOO_DATA`` and the cache), else downloads them. All stocks are split on the same day,
    and each is standardised by its own training part. Rows are steps, whatever days lie between.

    Args:
        stocks: which; ``None``: all five.
        look_back, horizon, calendar, stride, eval_stride: as ``ForecastData`` says.
        targets: columns to be forecast; ``None``: Close.
        past: columns of which only the past is known; ``None``: none.
        missing: as ``ForecastData`` says; on one day of 2017 three stocks lack the opening and the lowest price.
        form: "prices", or "returns", the logarithm of a day's price (or volume) over the day before's.
        validation, test: the dates at which these parts begin (there is no official split), or shares of the days.
        batch_size, eval_batch_size, shuffle, drop_last, seed, num_workers, pin_memory: as ``ZooData`` says.
        dir: the folder with the files, if not the usual places.
        download: whether the official files may be fetched.

    Raises:
        UnknownName: no such stock.
        ValueError: no such form, or borders that are none.
    """

    def __init__(
        self,
        stocks: list[str] | None = None,
        look_back: int = 60,
        horizon: int = 5,
        targets: list[str] | None = None,
        past: list[str] | None = None,
        calendar: list[str] | None = None,
        stride: int = 1,
        eval_stride: int = 1,
        missing: str = "refuse",
        form: str = "prices",
        validation: float | str = "2016-01-01",
        test: float | str = "2017-01-01",
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
            targets=["Close"] if targets is None else targets,
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
            missing=missing,
            gaps="keep",
            frequency="B",
            season=1,
        )
        check_form(form)
        for stock in stocks or ():
            if stock not in STOCKS:
                raise unknown("stock", stock, STOCKS)
        self.stocks = list(stocks or STOCKS)
        self.form = form
        self._borders = borders(validation, test)
        self.dir = dir
        self.download = download

    def read(self) -> Table:
        """A series a stock."""
        names = {f"{stock}_2006-01-01_to_2018-01-01.csv": STOCKS[stock] for stock in self.stocks}
        paths = find_or_fetch_all("djia_stocks", names, directory=self.dir, url=ADDRESS, download=self.download)
        found = []
        for stock, path in zip(self.stocks, paths.values(), strict=True):
            frame = read_table(path)
            times, lines = moments(frame, "Date", path), frame.index.to_numpy()
            series = Series(stock, numbers(frame, COLUMNS, path), times, path=str(path), lines=lines)
            found.append(series if self.form == "prices" else log_returns(series, COLUMNS))
        return Table(COLUMNS, found)

    def borders(self) -> Shares | Dates:
        """From 2016 on validation, from 2017 on test, or as given."""
        return self._borders

    @classmethod
    def tiny(cls) -> DjiaStocks:
        """Made-up prices of two stocks; no file is read."""
        data = cls(look_back=8, horizon=4, validation=0.2, test=0.2, batch_size=8, eval_batch_size=16)
        data._given = Table(COLUMNS, [drawn_prices(100, len(COLUMNS), stock) for stock in ("AAPL", "GE")])
        return data
