"""No window knows what comes after its origin, and no standardisation what comes after the training part."""

import numpy as np
import pytest
import torch
from tolerances import close

from rnnzoo.data._borders import Shares
from rnnzoo.data._drawn_series import drawn_series
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._returns import drawn_prices, log_returns
from rnnzoo.data._series import Table

PARTS = Shares(0.25, 0.25)
COLUMNS = ["a", "b", "c"]


class Given(ForecastData):
    """Series at hand: half of the rows for training, a quarter each for validation and test."""

    def __init__(self, series):
        super().__init__(
            look_back=6, horizon=3, targets=["b"], calendar=["hour", "day"], missing="impute", gaps="insert"
        )
        self._given = Table(COLUMNS, series)

    def borders(self):
        return PARTS


def two_series():
    """Of each series a value, and of the second a row, is missing in each part."""
    pair = [drawn_series(80, 3, name=name) for name in ("x", "y")]
    for series in pair:
        series.values[[0, 1, 20, 45, 46, 70], [1, 1, 0, 1, 1, 2]] = np.nan
    there = np.delete(np.arange(80), [9, 50, 75])
    second = pair[1]
    return [pair[0], second._replace(values=second.values[there], times=second.times[there])]


def changed_from(series, moment, random):
    """The series with another value, or none, at and after the moment."""
    found = []
    for each in series:
        values = each.values.copy()
        later = each.times >= moment
        values[later] = random.normal(50, 20, values[later].shape)
        values[later] = np.where(random.random(values[later].shape) < 0.2, np.nan, values[later])
        found.append(each._replace(values=values))
    return found


def batch(data, split):
    return data.splits[split][range(len(data.splits[split]))]


def inputs_at(data, split, origin):
    """What a window is given (in real units where the training part goes on behind it), by series."""
    found = batch(data, split)
    rows = found.origins == origin
    values = found.inputs[rows]
    if split == "train":
        channels = values.shape[-1] - len(data._prepared.panel.masked)
        statistics = data._prepared.statistics
        location, scale = (torch.tensor(each)[found.series[rows]][:, None] for each in statistics[:2])
        seen = [data._prepared.panel.masked.index(i) + channels for i in range(channels)]
        real = location + scale * values[..., :channels].double()
        values = torch.where(values[..., seen] > 0, real, torch.nan)  # what is filled in before any value is the mean
    return values, found.known[rows], found.static[rows]


@pytest.mark.parametrize(("split", "origin"), [("train", 20), ("train", 37), ("validation", 47), ("test", 61)])
def test_nothing_at_or_after_an_origin_changes_what_its_window_is_given(split, origin):
    series = two_series()
    moment = series[0].times[origin]
    before = inputs_at(Given(series), split, origin)
    for seed in range(3):
        again = inputs_at(Given(changed_from(series, moment, np.random.RandomState(seed))), split, origin)
        for one, two in zip(before, again, strict=True):
            assert len(one) == 2
            close(torch.nan_to_num(two), torch.nan_to_num(one), dtype=torch.float32)
    earlier = Given(changed_from(series, series[0].times[origin - 1], np.random.RandomState(0)))
    assert not torch.equal(torch.nan_to_num(inputs_at(earlier, split, origin)[0]), torch.nan_to_num(before[0]))


def test_the_test_part_changes_neither_standardisation_nor_training_nor_validation():
    series = two_series()
    before = Given(series)
    after = Given(changed_from(series, series[0].times[60], np.random.RandomState(1)))
    for one, two in zip(before._prepared.statistics, after._prepared.statistics, strict=True):
        assert np.array_equal(one, two)
    for split in ("train", "validation"):
        for one, two in zip(batch(before, split), batch(after, split), strict=True):
            assert torch.equal(one, two)
    assert before.spec == after.spec
    assert not torch.equal(batch(before, "test").targets, batch(after, "test").targets)
    assert before.data_version != after.data_version


def test_no_target_stands_in_two_parts_and_all_series_are_split_at_the_same_time():
    data = Given(two_series())
    ends = {split: batch(data, split).origins + 3 for split in ("train", "validation", "test")}
    assert ends["train"].max() <= 40 <= batch(data, "validation").origins.min()
    assert ends["validation"].max() <= 60 <= batch(data, "test").origins.min()
    assert data._prepared.ends[0] == data._prepared.ends[1]


def test_a_return_knows_its_own_day_and_the_one_before_alone():
    prices = drawn_prices(50, 2)
    returns = log_returns(prices, ["open", "close"]).values
    close(torch.tensor(np.exp(returns.cumsum(0))), torch.tensor(prices.values[1:] / prices.values[0]))
    prices.values[30:] *= 3
    assert np.array_equal(log_returns(prices, ["open", "close"]).values[:29], returns[:29])
    assert log_returns(prices, ["open", "close"]).times[0] == prices.times[1]
    prices.values[7, 1] = 0
    with pytest.raises(ValueError, match=r"row 7: close is 0; returns need prices above 0"):
        log_returns(prices, ["open", "close"])
