"""The real series, where they are: as many windows as are published, and the numbers that are known of them."""

import numpy as np
import pytest

from rnnzoo.data.beijing_pm25 import BeijingPm25
from rnnzoo.data.daily_min_temperatures import DailyMinTemperatures
from rnnzoo.data.djia_stocks import DjiaStocks
from rnnzoo.data.ett import EttH1, EttH2, EttM1
from rnnzoo.data.exchange_rate import ExchangeRate
from rnnzoo.data.jena_weather import JenaWeather
from rnnzoo.data.vix import Vix

pytestmark = pytest.mark.data


def sizes(data):
    return tuple(len(part) for part in data.splits.values())


@pytest.mark.parametrize(
    ("dataset", "published"),
    [
        (EttH1, (8545, 2881, 2881)),
        (EttH2, (8545, 2881, 2881)),
        (EttM1, (34465, 11521, 11521)),
        (JenaWeather, (36792, 5271, 10540)),
        (ExchangeRate, (5120, 665, 1422)),
    ],
)
def test_windows_are_as_many_as_published(data_dir, dataset, published):
    """Y. Liu et al., "iTransformer", ICLR 2024, the table of its datasets.

    They are those of look-back 96 and, but for the exchange rates, without a horizon.
    """
    horizon = 96
    found = sizes(dataset(dir=str(data_dir), horizon=horizon))
    of_table = published if dataset is ExchangeRate else tuple(number - horizon for number in published)
    assert found == of_table


def test_ett_is_standardised_by_its_first_year_and_reaches_back_over_the_borders(data_dir):
    data = EttH1(dir=str(data_dir), look_back=720, horizon=720, targets=["OT"], past=[])
    assert sizes(data) == (8640 - 2 * 720 + 1, 2880 - 719, 2880 - 719)
    (series,) = data.read().series
    oil = series.values[:, 6]
    first = data.splits["validation"][[0]]
    assert int(first.origins) == 8640
    expected = (oil[8640 - 720 : 8640] - oil[:8640].mean()) / oil[:8640].std()
    assert np.allclose(first.inputs[0, :, 0], expected, atol=1e-5)
    assert series.times[8640] == np.datetime64("2017-06-26T00")


def test_dust_is_missing_2067_times(data_dir):
    data = BeijingPm25(dir=str(data_dir), calendar=["hour", "month"])
    (series,) = data.read().series
    assert np.isnan(series.values).sum(axis=0).tolist() == [2067] + [0] * 10
    assert len(series.values) == 43_824
    assert (~data._prepared.panel.seen).sum() == 2067


def test_temperatures_have_ten_years_of_365_days(data_dir):
    assert sizes(DailyMinTemperatures(dir=str(data_dir), look_back=1, horizon=1)) == (8 * 365 - 1, 365, 365)


def test_prices_and_returns_of_trading_days_are_read_without_a_missing_close(data_dir):
    assert sum(sizes(Vix(dir=str(data_dir), look_back=1, horizon=1))) == 9234
    for form, rows in (("prices", 3019 + 3020 * 3 + 3019), ("returns", 3018 + 3019 * 3 + 3018)):
        stocks = DjiaStocks(dir=str(data_dir), form=form, look_back=1, horizon=1)
        assert sum(sizes(stocks)) == rows - 5
        assert stocks.codec_state()["masked"] == []


def test_failed_instruments_of_jena_are_81(data_dir):
    data = JenaWeather(dir=str(data_dir), faults="impute")
    assert (~data._prepared.panel.seen).sum() == 81
