"""The official files of forecasting, small ones of their formats, and what is wrong in them with its line."""

import gzip

import numpy as np
import pytest

from rnnzoo.data import djia_stocks
from rnnzoo.data._files import DamagedFile, MissingData, sha256_of
from rnnzoo.data.beijing_pm25 import COLUMNS, BeijingPm25
from rnnzoo.data.daily_min_temperatures import DailyMinTemperatures
from rnnzoo.data.djia_stocks import DjiaStocks
from rnnzoo.data.ett import EttH1, EttM1
from rnnzoo.data.exchange_rate import ExchangeRate
from rnnzoo.data.jena_weather import COLUMNS as MEASURED
from rnnzoo.data.jena_weather import JenaWeather
from rnnzoo.data.vix import Vix

ETT = ["date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT", *(f"2016-07-01 0{hour}:00:00,1,2,3,4,5,6,{hour}" for hour in range(5))]
PM25 = ["No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir", "1,2010,1,1,0,NA,-21,-11,1021,NW,1.79,0,0"]
STOCK = ["Date,Open,High,Low,Close,Volume,Name", "2006-01-03,10,11,9,10,100,GE", "2006-01-04,,11,,20,200,GE"]


def written(tmp_path, name, lines, ends="\n"):
    path = tmp_path / name
    content = (ends.join(lines) + ends).encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return str(tmp_path)


@pytest.mark.parametrize("name", ["ETTh1.csv", "ETTh1.csv.gz"])
def test_an_ett_file_is_read_packed_or_not(tmp_path, name):
    table = EttH1(dir=written(tmp_path, name, ETT), download=False).read()
    (series,) = table.series
    assert table.columns[-1] == "OT"
    assert series.values[:, -1].tolist() == [0, 1, 2, 3, 4]
    assert series.times[3] == np.datetime64("2016-07-01T03")


def test_an_ett_file_that_is_too_short_for_the_customary_borders_is_refused(tmp_path):
    directory = written(tmp_path, "ETTm1.csv", ETT)
    with pytest.raises(
        ValueError, match=r"ETTm1.csv has 5 rows; expected 57600 at least: 34560 for training, 11520 for"
    ):
        _ = EttM1(dir=directory, download=False).splits


@pytest.mark.parametrize(
    ("line", "becomes", "says"),
    [
        (3, "2016-07-01 02:00:00,1,2,3,4,5,6", r"line 4: 7 field\(s\), but the first line has 8"),
        (3, "2016-07-01 02:00:00,1,2,3,4,5,6,warm", "line 4: OT is 'warm'; expected a number"),
        (3, "yesterday,1,2,3,4,5,6,7", "line 4: date is 'yesterday'; expected a time"),
        (3, "2016-07-01 00:00:00,1,2,3,4,5,6,7", "line 4: the time 2016-07-01 00:00:00 stands behind"),
        (3, "2016-07-01 01:00:00,1,2,3,4,5,6,7", "line 4: the time 2016-07-01 01:00:00 comes twice"),
        (3, "2016-07-01 02:30:00,1,2,3,4,5,6,7", "line 4: 2016-07-01 02:30:00 is no step of h from"),
        (3, "2016-07-01 02:00:00,1,2,3,4,5,6,", r"missing value\(s\): .*line 4: OT\. Fill them in"),
        (3, "2016-07-01 02:00:00,1,2,3,4,5,6,inf", "line 4: OT is infinite"),
        (3, None, r"line 4: 1 step\(s\) of h are missing between 2016-07-01 01:00:00 and 2016-07-01 03:00:00"),
        (0, "date,HUFL,HULL,MUFL,MULL,LUFL,LULL,oil", "has no column 'OT'; its columns are date, HUFL"),
        (0, "date,HUFL,HULL,MUFL,MULL,LUFL,LULL,LULL", r"has the column\(s\) LULL more than once"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, becomes, says):
    lines = [*ETT[:line], *([] if becomes is None else [becomes]), *ETT[line + 1 :]]
    data = EttH1(dir=written(tmp_path, "ETTh1.csv", lines), download=False)
    with pytest.raises(ValueError, match=says):
        data.setup()


def test_a_truncated_archive_and_a_missing_file_are_told_apart(tmp_path):
    with pytest.raises(MissingData, match=r"no ETTh1\.csv or ETTh1\.csv\.gz in"):
        EttH1(dir=str(tmp_path), download=False).setup()
    written(tmp_path, "ETTh1.csv.gz", ETT)
    (tmp_path / "ETTh1.csv.gz").write_bytes((tmp_path / "ETTh1.csv.gz").read_bytes()[:-12])
    with pytest.raises(DamagedFile, match="truncated"):
        EttH1(dir=str(tmp_path), download=False).setup()
    for cls in (Vix, JenaWeather):
        with pytest.raises(MissingData, match="set RNNZOO_DATA"):
            cls(dir=str(tmp_path / "nowhere")).setup()


def test_exchange_rates_have_neither_header_nor_dates(tmp_path):
    lines = [",".join(f"{day + currency / 10:.6f}" for currency in range(8)) for day in range(40)]
    data = ExchangeRate(dir=written(tmp_path, "exchange_rate.txt.gz", lines), look_back=4, horizon=2, download=False)
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 28 - 5, "validation": 3, "test": 7}
    assert data.read().series[0].values[3, 7] == 3.7
    with pytest.raises(DamagedFile, match=r"line 1: 3 field\(s\); expected 8, one a currency"):
        ExchangeRate(dir=written(tmp_path / "..", "exchange_rate.txt", ["1,2,3"] * 9), download=False).setup()


def test_dust_is_missing_where_the_file_says_na_and_winds_are_channels(tmp_path):
    hours = [f"{hour + 2},2010,1,1,{hour + 1},{hour},-21,-11,1021,cv,1.79,0,0" for hour in range(5)]
    table = BeijingPm25(dir=written(tmp_path, "PRSA_data_2010.1.1-2014.12.31.csv", [*PM25, *hours], "\r\n")).read()
    (series,) = table.series
    assert table.columns == COLUMNS
    assert np.isnan(series.values[0, 0])
    assert series.values[1:, 0].tolist() == [0, 1, 2, 3, 4]
    assert series.values[:2, 7:].tolist() == [[0, 1, 0, 0], [0, 0, 0, 1]]
    assert series.times[5] == np.datetime64("2010-01-01T05")
    strange = written(tmp_path, "PRSA_data_2010.1.1-2014.12.31.csv", [*PM25, hours[0].replace("cv", "SW")])
    with pytest.raises(DamagedFile, match="line 3: cbwd is 'SW'; expected NE, NW, SE, cv"):
        BeijingPm25(dir=strange).read()


def test_temperatures_are_quoted_dates_and_numbers(tmp_path):
    lines = ['"Date","Temp"', '"1984-12-30",20.7', '"1985-01-01",17.9']
    (series,) = DailyMinTemperatures(dir=written(tmp_path, "daily-min-temperatures.csv", lines, "\r\n")).read().series
    assert series.values[:, 0].tolist() == [20.7, 17.9]
    assert series.times[1] == np.datetime64("1985-01-01")


def test_levels_of_the_vix_become_returns(tmp_path):
    lines = ["DATE,OPEN,HIGH,LOW,CLOSE", "1990-01-02,17,17,17,10", "1990-01-03,18,18,18,20", "1990-01-04,1,1,1,10"]
    directory = written(tmp_path, "vix-daily.csv", lines)
    (series,) = Vix(dir=directory, form="returns").read().series
    assert np.allclose(series.values[:, 3], [np.log(2), -np.log(2)])
    assert series.place(1).endswith("vix-daily.csv, line 4")
    (tmp_path / "vix-daily.csv").unlink()
    directory = written(tmp_path, "VIX_History.csv", ["DATE,OPEN,HIGH,LOW,CLOSE", "02/01/1990,17,17,17,10"])
    assert Vix(dir=directory).read().series[0].times[0] == np.datetime64("1990-02-01")


def test_stocks_are_series_with_their_names_and_only_columns_that_are_read_need_values(tmp_path, monkeypatch):
    for stock in ("GE", "IBM"):
        written(tmp_path, f"{stock}_2006-01-01_to_2018-01-01.csv", STOCK)
        sha256 = sha256_of(tmp_path / f"{stock}_2006-01-01_to_2018-01-01.csv")
        monkeypatch.setitem(djia_stocks.STOCKS, stock, sha256)
    settings = {"stocks": ["GE", "IBM"], "dir": str(tmp_path), "download": False}
    table = DjiaStocks(**settings, form="returns").read()
    assert [series.name for series in table.series] == ["GE", "IBM"]
    assert table.series[0].values[0, 3:].tolist() == [np.log(20) - np.log(10), np.log(200) - np.log(100)]
    with pytest.raises(ValueError, match=r"line 3 \(series 'GE'\): Open"):
        DjiaStocks(**settings, past=["Open"], validation=0.3, test=0.3).setup()
    with pytest.raises(LookupError, match="unknown stock 'IBN'; did you mean IBM"):
        DjiaStocks(stocks=["IBN"])


def test_a_failed_instrument_is_kept_or_imputed_and_a_time_may_come_twice(tmp_path):
    minutes = ["00:10", "00:20", "00:20", "00:30"]
    values = [",".join(["1"] * (len(MEASURED) - 1) + [last]) for last in ("5", "-9999.0", "6", "7")]
    rows = [f"2020-01-01 {minute}:00,{value}" for minute, value in zip(minutes, values, strict=True)]
    directory = written(tmp_path, "weather.csv", ["date," + ",".join(MEASURED), *rows])
    (kept,), (imputed,) = (JenaWeather(dir=directory, faults=way).read().series for way in ("keep", "impute"))
    assert kept.values[:, -1].tolist() == [5, -9999, 6, 7]
    assert np.isnan(imputed.values[:, -1]).tolist() == [False, True, False, False]
    assert (np.diff(kept.times) > np.timedelta64(0)).all()
    with pytest.raises(ValueError, match="faults is 'drop'; expected 'keep' or 'impute'"):
        JenaWeather(faults="drop")
