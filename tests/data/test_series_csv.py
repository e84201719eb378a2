"""A user's own series: columns and their roles, several series in one file, and refusals that name the line."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data.series_csv import SeriesCsv


def table(rows=60, frequency="h"):
    times = pd.date_range("2024-01-01", periods=rows, freq=frequency)
    return pd.DataFrame({"time": times, "load": np.arange(rows) % 7, "wind": np.arange(rows) % 5.0})


def made(tmp_path, frame, name="own.csv", **settings):
    path = tmp_path / name
    frame.to_csv(path, index=False, sep="\t" if ".tsv" in name else ",")
    return SeriesCsv(str(path), **{"look_back": 5, "horizon": 3, **settings})


@pytest.mark.parametrize("name", ["own.csv", "own.tsv", "own.txt.gz"])
def test_columns_that_are_no_times_are_values_and_the_frequency_is_inferred(tmp_path, name):
    data = made(tmp_path, table(), name)
    assert data.spec["channels"] == ["load", "wind"]
    assert data.spec["season"] == 24
    assert data.codec_state()["frequency"] == "h"
    assert {split: len(part) for split, part in data.splits.items()} == {"train": 42 - 7, "validation": 4, "test": 10}


def test_parts_may_begin_at_dates(tmp_path):
    data = made(tmp_path, table(), validation="2024-01-02 12:00", test="2024-01-03")
    assert [tuple(ends) for ends in data._prepared.ends] == [(36, 48, 60)]
    for wrong in (("2024-01-03", "2024-01-02"), (0.2, "2024-01-02"), (0.5, 0.5), ("soon", "later")):
        with pytest.raises(ValueError, match="expected"):
            made(tmp_path, table(), validation=wrong[0], test=wrong[1])


def test_an_id_column_tells_series_apart_whatever_their_order(tmp_path):
    both = pd.concat(
        [table().assign(shop="north", size=3), table().assign(shop="south", size=4, load=lambda x: x.load + 50)]
    )
    mixed = both.sort_values(["time", "shop"])
    data = made(tmp_path, mixed, id_column="shop", static_columns=["size"], known_columns=["wind"], calendar=["hour"])
    assert data.codec_state()["series"] == ["north", "south"]
    assert data.spec["channels"] == ["load"]
    assert (data.spec["known"], data.spec["static"]) == (3, 1)
    batch = data.splits["test"][range(len(data.splits["test"]))]
    assert (batch.location[batch.series == 1] - batch.location[batch.series == 0]).tolist() == [[50.0]] * 10
    assert batch.static[batch.series == 1].eq(4).all()
    with pytest.raises(
        ValueError, match=r"line 3: the time 2024-01-01 00:00:00 comes twice.*name the column that tells"
    ):
        made(tmp_path, mixed.drop(columns="shop")).setup()
    mixed.iloc[6, mixed.columns.get_loc("size")] = 9
    with pytest.raises(ValueError, match=r"line 8 \(series 'north'\): size is 9, and 3 in the series' first row"):
        made(tmp_path, mixed, id_column="shop", static_columns=["size"]).setup()


def test_gaps_are_refused_with_their_lines_or_filled_or_kept(tmp_path):
    gappy = table().drop([20, 21, 40])
    with pytest.raises(ValueError, match=r"line 22: 2 step\(s\) of h are missing between .*; .*line 40: 1 step"):
        made(tmp_path, gappy).setup()
    filled = made(tmp_path, gappy, gaps="insert", missing="impute")
    assert filled.spec["channels"] == ["load", "wind", "load there", "wind there"]
    weights = filled.splits["train"][range(0, 35, 3)].weights[..., 0]  # windows side by side
    assert weights.eq(0).sum() == 3
    assert sum(len(part) for part in made(tmp_path, gappy, gaps="keep").splits.values()) < 49


def test_days_without_weekends_are_business_days(tmp_path):
    holidays = table(60, "B").drop([10, 30])
    data = made(tmp_path, holidays, gaps="keep")
    assert data.codec_state()["frequency"] == "B"
    assert data.spec["season"] == 5


def test_dates_that_could_be_read_in_two_ways_need_their_format(tmp_path):
    days = table(60, "D").assign(time=lambda x: x.time.dt.strftime("%d/%m/%Y"))
    with pytest.raises(DamagedFile, match="line 2: time is '01/01/2024'; expected a time such as 2017-10-20 08:00"):
        made(tmp_path, days).setup()
    data = made(tmp_path, days, time_format="%d/%m/%Y")
    assert data.codec_state()["frequency"] == "D"
    assert data.read().series[0].times[1] == np.datetime64("2024-01-02")
    with pytest.raises(DamagedFile, match="line 14: time is '13/01/2024'; expected a time written %m/%d/%Y"):
        made(tmp_path, days, time_format="%m/%d/%Y").setup()


@pytest.mark.parametrize(
    ("changed", "settings", "says"),
    [
        ({"time": range(60)}, {}, "line 2: time is the number 0; expected a time, such as 2017-10-20 08:00"),
        ({"wind": ["low"] * 60}, {}, "line 2: wind is 'low'; expected a number"),
        (
            {"wind": [np.nan] * 60},
            {"missing": "impute"},
            "wind has no value in the training part; leave the column out",
        ),
        ({"wind": [1.0] * 9 + [None] * 51}, {"known_columns": ["wind"]}, "line 11: wind is missing or infinite"),
        ({}, {"time_column": "when"}, "has no column 'when'; its columns are time, load, wind"),
        ({}, {"targets": ["lod"]}, "unknown column 'lod'; did you mean load"),
        (
            {},
            {"known_columns": ["load", "wind"]},
            "has only the columns time, load, wind; expected one of values besides",
        ),
        ({"shop": [None] * 60}, {"id_column": "shop"}, "line 2: shop is missing"),
    ],
)
def test_what_cannot_be_a_series_is_refused(tmp_path, changed, settings, says):
    with pytest.raises((ValueError, LookupError), match=says):
        made(tmp_path, table().assign(**changed), **settings).setup()


def test_columns_that_are_not_asked_for_may_hold_anything(tmp_path):
    data = made(tmp_path, table().assign(note="fair"), targets=["load"], past=[])
    assert data.spec["channels"] == ["load"]


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(MissingData, match=r"there is no file .*own\.csv"):
        SeriesCsv(str(tmp_path / "own.csv")).setup()
    for name, content, says in (
        ("own.xlsx", b"PK", r"is none of \.csv"),
        ("own.csv", b"", "is empty"),
        ("own.csv", b"time,load\n", "has no rows"),
        ("own.csv", b"moment,load\n2024-01-01,1\n", "has none of date, time"),
        ("own.csv", "time,größe\n".encode("latin-1"), "is not UTF-8"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=says):
            SeriesCsv(str(tmp_path / name)).setup()


def test_parquet_is_read_where_pandas_can_and_says_what_it_needs_where_not(tmp_path):
    path = tmp_path / "own.parquet"
    if importlib.util.find_spec("pyarrow") is None:
        path.write_bytes(b"PAR1")
        with pytest.raises(ImportError, match="pip install pyarrow"):
            SeriesCsv(str(path)).setup()
        return
    table().set_index("time").to_parquet(path)
    data = SeriesCsv(str(path), look_back=5, horizon=3)
    assert data.spec["channels"] == ["load", "wind"]
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DamagedFile, match="cannot be read"):
        SeriesCsv(str(path)).setup()
