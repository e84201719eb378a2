"""Windows over series: equal to a loop that cuts them one by one, within the parts, and no copies of the series."""

import numpy as np
import pytest
import torch
from forecast_cases import Given, whole
from tolerances import close

from rnnzoo.data._batches import FILLER
from rnnzoo.data._drawn_series import drawn_series
from rnnzoo.data._series import Series


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


def test_missing_values_are_carried_on_with_a_channel_that_says_so_and_count_for_nothing():
    values = drawn_series(130, 2).values
    gone = [0, 1, 20, 21, 22, 95, 119]
    holes = values.copy()
    holes[gone, 0] = np.nan
    data = Given(Series("", holes), missing="impute")
    assert data.spec["channels"] == ["x0", "x1", "x0 there"]
    mean, deviation = np.nanmean(holes[:60], axis=0), np.nanstd(holes[:60], axis=0)
    filled = holes.copy()
    for row in gone:
        filled[row, 0] = filled[row - 1, 0] if row > 1 else mean[0]
    there = np.isfinite(holes)
    for split in ("train", "validation", "test"):
        batch = whole(data, split)
        for row, origin in enumerate(batch.origins.tolist()):
            past, ahead = slice(origin - 7, origin), slice(origin, origin + 3)
            expected = np.concatenate([(filled[past] - mean) / deviation, there[past, :1]], axis=1)
            close(batch.inputs[row].double(), torch.tensor(expected), dtype=torch.float32)
            assert np.array_equal(batch.weights[row].numpy() == 1, there[ahead])


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"missing": "guess"}, "missing is 'guess'; expected 'refuse' or 'impute'"),
        ({"gaps": "insert"}, "inserts rows without values, and missing is 'refuse'"),
        ({"stride": 0}, "stride is 0; expected at least 1"),
        ({"frequency": "fortnight"}, "frequency is 'fortnight'"),
        ({"targets": []}, "targets is empty; expected at least one of x0, x1"),
        ({"targets": ["x0"], "past": ["x0"]}, "expected each column once"),
        ({"targets": ["y0"]}, "unknown column 'y0'; did you mean x0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changed, says):
    with pytest.raises((ValueError, LookupError), match=says):
        _ = Given(drawn_series(130, 2), **changed).splits


def test_the_error_of_a_season_ago_is_that_of_the_training_part_in_real_units():
    series = [drawn_series(130, 2, name=name) for name in ("a", "b")]
    spec = Given(*series, season=24).spec
    for given, errors in zip(series, spec["naive_errors"], strict=True):
        train = given.values[:60]
        close(torch.tensor(errors), torch.tensor(np.abs(train[24:] - train[:-24]).mean(axis=0)).float())
    assert "naive_errors" not in Given(*series, season=60).spec
