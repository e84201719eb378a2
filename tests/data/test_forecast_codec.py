"""What a user has becomes the batch that the dataset would make of it, and forecasts come back with their dates."""

import numpy as np
import pandas as pd
import pytest
import torch
from forecast_cases import Given, codec_of, whole
from tolerances import close

from rnnzoo.data._drawn_series import drawn_series
from rnnzoo.data._series import Series
from rnnzoo.data.daily_min_temperatures import DailyMinTemperatures
from rnnzoo.data.series_csv import SeriesCsv
from rnnzoo.data.vix import Vix


def frame_of(series, columns, until=None):
    """A series' rows before ``until`` as a user has them."""
    return pd.DataFrame(series.values, index=pd.DatetimeIndex(series.times, name="when"), columns=columns)[:until]


def test_a_past_given_as_a_frame_is_the_dataset_s_own_window():
    series = [
        drawn_series(130, 3, name=name)._replace(known=np.arange(130.0)[:, None] % 7, static=(size,))
        for name, size in (("a", 1.0), ("b", 5.0))
    ]
    settings = {"targets": ["x2"], "calendar": ["hour", "day"], "known": ["holiday"], "static": ["size"]}
    data = Given(*series, **settings)
    batch, codec = whole(data, "test"), codec_of(data)
    for row, (number, origin) in enumerate(zip(batch.series.tolist(), batch.origins.tolist(), strict=True)):
        if row % 9 == 0:
            frame = frame_of(series[number], ["x0", "x1", "x2"], origin)
            frame["holiday"] = series[number].known[:origin]
            future = pd.DataFrame(series[number].known[origin : origin + 3], columns=["holiday"])
            found = codec.encode([{"values": frame, "series": "ab"[number], "future": future}])
            for name, one in zip(found._fields, found, strict=True):
                if name not in ("targets", "weights"):
                    assert torch.equal(one[0], getattr(batch, name)[row]), name
            assert found.targets.shape == found.weights.shape == (1, 3, 1)
            longer = pd.concat([frame, future.set_index(series[number].times[origin : origin + 3])])
            assert codec.encode([{"values": longer, "series": "ab"[number]}]).known.equal(found.known)


def test_frames_series_dicts_and_arrays_say_the_same():
    series = drawn_series(130, 1)
    codec = codec_of(Given(series))
    frame = frame_of(series, ["x0"], 50)
    values = series.values[:50, 0]
    expected = codec.encode([frame])
    for given in (frame["x0"], frame["x0"].rename("y"), {"x0": values}, {"values": values}, values, values.tolist()):
        close(codec.encode([given]).inputs, expected.inputs)
    close(codec.encode(frame).inputs, expected.inputs)
    assert codec.encode([frame, frame[-7:]]).inputs[1].equal(expected.inputs[0])


def test_a_file_is_a_past_with_its_dates(tmp_path):
    codec = codec_of(Given(drawn_series(130, 2)))
    frame = frame_of(drawn_series(130, 2), ["x0", "x1"], 50)
    frame.to_csv(tmp_path / "own.csv", index_label="Date")
    for path in (tmp_path / "own.csv", str(tmp_path / "own.csv")):
        close(codec.encode([path]).inputs, codec.encode([frame]).inputs)
    (found,) = codec.frames(str(tmp_path / "own.csv"), torch.zeros(1, 3, 2))
    assert found.index.equals(codec.frames(frame, torch.zeros(1, 3, 2))[0].index)
    frame.to_csv(tmp_path / "undated.csv", index=False)
    (found,) = codec.frames(str(tmp_path / "undated.csv"), torch.zeros(1, 3, 2))
    assert found.index.tolist() == [50, 51, 52]


@pytest.mark.parametrize("frequency", ["h", "15min", "D", "B", "MS"])
def test_forecasts_come_back_with_the_dates_that_follow(frequency):
    index = pd.date_range("2021-01-01", periods=124, freq=frequency)
    values = drawn_series(124, 2).values
    data = Given(Series("", values[:120], index[:120].to_numpy(dtype="datetime64[ns]")))
    codec = codec_of(data)
    forecasts = torch.arange(12.0).reshape(2, 3, 2)
    raw = [pd.DataFrame(values[:until], index=index[:until], columns=["x0", "x1"]) for until in (100, 121)]
    for given, found, part in zip(raw, codec.frames(raw, forecasts), forecasts, strict=True):
        assert found.index.equals(index[len(given) : len(given) + 3])
        assert found.columns.tolist() == ["x0", "x1"]
        close(torch.tensor(found.to_numpy()), part)
    (named,) = codec.frames(raw[:1], np.zeros((1, 3, 4)), ["low", "x0", "x1", "high"])
    assert named.columns.tolist() == ["low", "x0", "x1", "high"]
    with pytest.raises(ValueError, match=r"values have shape \(2, 4, 2\); expected \(2, 3, 2\)"):
        codec.frames(raw, torch.zeros(2, 4, 2))


def test_time_zones_and_the_names_of_indices_come_back():
    series = drawn_series(130, 1)
    codec = codec_of(Given(series))
    frame = frame_of(series, ["x0"], 50).tz_localize("UTC").tz_convert("Australia/Sydney")
    (found,) = codec.frames([frame], torch.zeros(1, 3, 1))
    assert found.index.equals(frame.index[-1] + pd.timedelta_range("1h", periods=3, freq="h"))
    assert found.index.name == "when"


def test_without_dates_forecasts_are_numbered_on():
    codec = codec_of(Given(drawn_series(130, 1, start=None)))
    (found,) = codec.frames([np.zeros(9)], torch.zeros(1, 3, 1))
    assert found.index.tolist() == [9, 10, 11]
    (found,) = codec.frames([pd.Series(np.zeros(9), index=range(100, 109))], torch.zeros(1, 3, 1))
    assert found.index.tolist() == [109, 110, 111]


def test_what_a_model_says_of_a_series_is_in_that_series_units():
    data = SeriesCsv.tiny()
    codec, state = codec_of(data), data.codec_state()
    north = frame_of(data._given.series[0], ["demand", "price"])
    north["holiday"] = 0.0
    ahead = {"holiday": [0.0, 1.0, 0.0, 1.0]}
    known = codec.encode([{"values": north, "future": ahead, "series": "south"}])
    close(known.location[0].double(), torch.tensor(state["location"][1]).double(), dtype=torch.float32)
    assert known.static.tolist() == [[2.0]]
    own = codec.encode([{"values": 10 * north, "future": ahead, "static": {"size": 4}}])
    close(
        own.location[0].double(), torch.tensor(10 * north[["demand", "price"]].mean().to_numpy()), dtype=torch.float32
    )
    assert own.static.tolist() == [[4.0]]
    with pytest.raises(ValueError, match="item 0 lacks size"):
        codec.encode([{"values": north, "future": ahead}])
    with pytest.raises(ValueError, match="says series 'east'; the training data have north, south"):
        codec.encode([{"values": north, "future": ahead, "series": "east"}])
    with pytest.raises(ValueError, match="holiday must be known of the 4 steps that follow"):
        codec.encode([{"values": north, "series": "south"}])


def test_missing_values_and_rows_are_treated_as_in_training():
    holes = drawn_series(130, 2)
    holes.values[[15, 16, 100], 0] = np.nan
    data = Given(holes, missing="impute", gaps="insert")
    batch, codec = whole(data, "test"), codec_of(data)
    frame = frame_of(holes, ["x0", "x1"], 103)
    row = batch.origins.tolist().index(103)
    assert torch.equal(codec.encode([frame]).inputs[0], batch.inputs[row])
    with pytest.raises(ValueError, match="row 90: x1 is missing, which it never was in the training data"):
        codec.encode([frame.drop(frame.index[90])])
    strict = codec_of(Given(drawn_series(130, 2)))
    with pytest.raises(
        ValueError, match=r"item 0, row 90: 1 step\(s\) of h are missing between 2016-07-04 17:00:00 and"
    ):
        strict.encode([frame.bfill().drop(frame.index[90])])


def test_rows_are_trading_days_whatever_days_lie_between():
    codec = codec_of(Vix.tiny())
    days = pd.bdate_range("2021-12-01", periods=30).drop(["2021-12-24", "2021-12-27"])
    (found,) = codec.frames([pd.Series(np.linspace(15, 20, 28), index=days)], torch.zeros(1, 4, 1))
    assert found.index.equals(pd.bdate_range("2022-01-12", periods=4))


@pytest.mark.parametrize(
    ("item", "error", "says"),
    [
        (np.zeros(5), ValueError, "item 0 has 5 rows; this model reads the last 8"),
        (np.zeros((20, 2)), ValueError, r"item 0 has shape \(20, 2\); expected \(T, 1\), the columns Temp"),
        ("Temp", TypeError, r"item 0 is the string 'Temp', and there is no such file.*predict\(\[frame\]\)"),
        (pd.DataFrame({"t": np.zeros(20)}), ValueError, "item 0 has no column 'Temp'; it has 't'"),
        (pd.DataFrame({"Temp": ["3", "?"] * 10}), ValueError, r"item 0, row 1: Temp is '\?'; expected a number"),
        (
            {"values": np.zeros(20), "named": "x"},
            ValueError,
            "item 0 has named; expected values, series, future, static",
        ),
        ([np.nan] * 20, ValueError, "item 0, row 0: Temp; .* and 15 more. Fill them in"),
        ([np.inf] * 20, ValueError, "item 0, row 0: Temp is infinite"),
        (
            pd.Series(np.zeros(20), pd.period_range("2020", periods=20, freq="D")),
            TypeError,
            "item 0 has a PeriodIndex",
        ),
        (
            pd.Series(np.zeros(20), pd.date_range("2020", periods=20)[::-1]),
            ValueError,
            "item 0, row 1: the time 2020-01-19 00:00:00 stands behind 2020-01-20",
        ),
        (
            pd.Series(np.zeros(20), pd.DatetimeIndex(["2020"] * 20)),
            ValueError,
            "item 0, row 1: the time 2020-01-01 00:00:00 comes twice.* 19 row",
        ),
    ],
)
def test_what_is_no_past_of_this_series_is_refused_with_its_place(item, error, says):
    with pytest.raises(error, match=says):
        codec_of(DailyMinTemperatures.tiny()).encode([item])


def test_nothing_to_encode_is_refused():
    with pytest.raises(ValueError, match="no series to encode"):
        codec_of(DailyMinTemperatures.tiny()).encode([])


def test_a_calendar_needs_dates():
    with pytest.raises(ValueError, match=r"item 0 has no dates, and this model reads the calendar \(hour\)"):
        codec_of(Given(drawn_series(130, 1), calendar=["hour"])).encode([np.zeros(9)])
    with pytest.raises(ValueError, match="the series has no times"):
        _ = Given(drawn_series(130, 1, start=None), calendar=["hour"]).splits
