"""Windows over series: equal to a loop that cuts them one by one, within the parts, and no copies of the series."""

import numpy as np
import pytest
import torch
from tolerances import close

from rnnzoo.data._batches import FILLER
from rnnzoo.data._borders import Counts
from rnnzoo.data._drawn_series import drawn_series
from rnnzoo.data._forecast_data import ForecastData
from rnnzoo.data._series import Series, Table
from rnnzoo.data.ett import EttM1

MINUTES_A_DAY = 1440


class Given(ForecastData):
    """Series at hand, with borders at these rows."""

    def __init__(self, *series, parts=(60, 30, 30), known=(), static=(), columns=None, **settings):
        settings = {"look_back": 7, "horizon": 3, "batch_size": 4, **settings}
        super().__init__(**settings)
        columns = columns or [f"x{i}" for i in range(series[0].values.shape[1])]
        self._given = Table(columns, list(series), known, static)
        self._parts = parts

    def borders(self):
        return Counts(*self._parts)


def whole(data, split):
    rows = data.splits[split]
    return rows[range(len(rows))]


def by_hand(series, parts, split, *, L, M, stride):
    """The windows (past, future, origin) of a part, cut out one by one."""
    train, validation, test = np.cumsum(parts)
    begin, end = {"train": (0, train), "validation": (train, validation), "test": (validation, test)}[split]
    found = []
    for origin in range(max(begin, L), end, stride):
        if origin + M <= end:
            found.append((series[origin - L : origin], series[origin : origin + M], origin))
    return found


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("stride", [1, 2, 5])
def test_windows_are_those_that_a_loop_cuts_out(split, stride):
    both = [drawn_series(130, 3, name="a"), drawn_series(130, 3, name="b")]
    data = Given(*both, targets=["x2"], calendar=["hour"], stride=stride, eval_stride=stride)
    batch = whole(data, split)
    row = 0
    for number, series in enumerate(both):
        values = series.values[:, [2, 0, 1]]  # what is forecast stands first
        mean, deviation = values[:60].mean(0), values[:60].std(0)
        for past, future, origin in by_hand(values, (60, 30, 30), split, L=7, M=3, stride=stride):
            close(batch.inputs[row].double(), torch.tensor((past - mean) / deviation), dtype=torch.float32)
            close(batch.targets[row].double(), torch.tensor((future - mean) / deviation)[:, :1], dtype=torch.float32)
            real = batch.location[row] + batch.scale[row] * batch.targets[row]
            close(real.double(), torch.tensor(future[:, :1]), dtype=torch.float32)
            hours = series.times[origin - 7 : origin + 3].astype("datetime64[h]").astype(int) % 24
            close(batch.known[row, :, 1].double(), torch.tensor(np.cos(2 * np.pi * hours / 24)), dtype=torch.float32)
            assert (int(batch.series[row]), int(batch.origins[row])) == (number, origin)
            row += 1
    assert row == len(batch.lengths) == len(data.splits[split])


def test_fillers_are_zeros_with_scale_1_and_leave_the_others_as_they_are():
    data = Given(drawn_series(130, 2), calendar=["month"])
    mixed, alone = data.splits["train"][[5, FILLER]], data.splits["train"][[5]]
    for name, one, two in zip(mixed._fields, mixed, alone, strict=True):
        assert torch.equal(one[:1], two), name
    assert not any(each[1].any() for each in (mixed.inputs, mixed.targets, mixed.weights, mixed.known, mixed.location))
    assert mixed.scale[1].tolist() == [1, 1]


def test_windows_of_ettm1_take_at_most_a_fifth_more_memory_than_its_numbers():
    steps = 20_000
    series = drawn_series(steps, 7, minutes=15)
    data = Given(series, parts=(12_000, 4_000, 4_000), look_back=96, horizon=96, calendar=["hour", "weekday", "day"])
    raw = series.values.astype(np.float32).nbytes
    data.setup()
    storages = {}
    for rows in data.splits.values():
        for tensor in (*rows.panel, *vars(rows).values()):
            if isinstance(tensor, torch.Tensor):
                storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
    assert raw <= sum(storages.values()) <= 1.2 * raw
    assert sum(map(len, data.splits.values())) > 19_000
    assert EttM1.steps_a_day * 15 == MINUTES_A_DAY


def test_a_batch_of_windows_is_its_own_memory():
    data = Given(drawn_series(130, 2))
    before = data._prepared.panel.values.clone()
    batch = data.splits["train"][[0, 1]]
    batch.inputs.zero_()
    batch.targets.zero_()
    assert torch.equal(data._prepared.panel.values, before)


@pytest.mark.parametrize(
    ("parts", "changed", "says"),
    [
        ((60, 30, 30), {"horizon": 31}, r"validation part has 30 rows, horizon is 31"),
        ((60, 30, 30), {"look_back": 58}, r"training part has 60 rows; look_back 58 and horizon 3 need 61"),
        ((60, 30, 60), {}, r"the series has 130 rows; expected 150 at least"),
    ],
)
def test_a_horizon_or_a_past_longer_than_the_data_is_refused(parts, changed, says):
    with pytest.raises(ValueError, match=says):
        _ = Given(drawn_series(130, 1), parts=parts, **changed).splits


def test_a_constant_channel_has_scale_1_and_is_named():
    values = drawn_series(130, 2).values
    values[:60, 1] = 4.0
    with pytest.warns(UserWarning, match="x1 is 4 throughout the training part; its scale is 1"):
        batch = whole(Given(Series("", values)), "test")
    assert batch.scale[:, 1].eq(1).all()
    close(batch.targets[0, :, 1].double(), torch.tensor(values[90:93, 1] - 4), dtype=torch.float32)
