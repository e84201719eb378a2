"""Frequencies of times, their gaps and what follows; the calendar."""

import numpy as np
import pandas as pd
import pytest
import torch
from tolerances import close

from rnnzoo.data._calendar import calendar_features, check_calendar
from rnnzoo.data._forecasts import in_minutes
from rnnzoo.data._frequency import Gap, check_frequency, find_gaps, infer_frequency, next_times, usual_season
from rnnzoo.registry import UnknownName

MONTH_END = pd.offsets.MonthEnd().freqstr


def times(frequency, steps=40, start="2019-12-30"):
    return pd.date_range(start, periods=steps, freq=frequency).to_numpy(dtype="datetime64[ns]")


@pytest.mark.parametrize("frequency", ["15min", "h", "3h", "D", "B", "7D", "MS", "3MS", MONTH_END])
def test_the_frequency_is_inferred_and_carried_on_as_pandas_has_it_with_gaps_too(frequency):
    whole = times(frequency)
    there = np.delete(whole, [5, 6, 20])
    for given in (whole, there):
        found = infer_frequency(given)
        expected = pd.date_range(whole[-1], periods=6, freq=frequency)[1:]
        assert next_times(given[-1], found, 5).equals(pd.DatetimeIndex(expected)), found
    assert find_gaps(whole, found) == []
    assert find_gaps(there, found) == [Gap(5, 2), Gap(18, 1)]


@pytest.mark.parametrize("frequency", ["15min", "h", "D", "7D", "MS"])
def test_regular_steps_are_named_as_their_season_is_looked_up(frequency):
    assert infer_frequency(times(frequency)) == frequency
    assert usual_season(frequency) > 1


def test_two_times_say_no_frequency():
    assert infer_frequency(times("h", 2)) is None


def test_a_time_between_the_steps_is_told_from_a_missing_one():
    moved = times("h")
    moved[7] += np.timedelta64(5, "m")
    assert Gap(7, 0) in find_gaps(moved, "h")


@pytest.mark.parametrize(
    ("frequency", "season"),
    [
        ("h", 24),
        ("15min", 96),
        ("10min", 144),
        ("D", 7),
        ("B", 5),
        ("W-SUN", 52),
        ("7D", 52),
        ("MS", 12),
        ("7h", 1),
        (None, 1),
    ],
)
def test_the_season_is_a_day_a_week_or_a_year(frequency, season):
    assert usual_season(frequency) == season


def test_a_frequency_that_pandas_does_not_know_is_refused():
    with pytest.raises(ValueError, match="'fortnight'"):
        check_frequency("fortnight")


def test_the_calendar_is_that_of_pandas():
    index = pd.date_range("1968-02-27 03:40", "2025-01-03", periods=500)  # before 1970, and leap years
    names = ["hour", "weekday", "day", "month", "yearday"]
    found = calendar_features(in_minutes(index.to_numpy()), names).double()
    turns = [
        (index.hour * 60 + index.minute) / 1440,
        index.day_of_week / 7,
        (index.day - 1) / 31,
        (index.month - 1) / 12,
        (index.day_of_year - 1) / 366,
    ]
    expected = np.stack([turn(2 * np.pi * np.asarray(part)) for part in turns for turn in (np.sin, np.cos)], axis=1)
    close(found, torch.from_numpy(expected), dtype=torch.float32)


def test_unknown_and_repeated_features_of_the_calendar_are_refused():
    with pytest.raises(UnknownName, match="did you mean weekday"):
        check_calendar(["weekdays"])
    with pytest.raises(ValueError, match="each feature once"):
        check_calendar(["hour", "hour"])
