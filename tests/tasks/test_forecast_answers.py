"""Forecasts for people: frames with the dates that follow, rolling back-tests, the picture."""

import numpy as np
import pandas as pd
import pytest
import torch
from training import quiet_trainer

from rnnzoo.registry import DATA
from rnnzoo.tasks.forecasting import Forecasting

DAYS = pd.date_range("2020-01-01", periods=60, freq="h", name="date")


@pytest.fixture(scope="module")
def data():
    made = DATA.entry("etth1").target.tiny()
    made.setup()
    return made


@pytest.fixture(scope="module")
def frame(data):
    numbers = np.random.RandomState(0).standard_normal((60, 7)).cumsum(axis=0)
    return pd.DataFrame(numbers, index=DAYS, columns=data.spec["channels"])


def model(data, **settings):
    torch.manual_seed(0)
    made = Forecasting(data.spec, hidden_size=4, samples=20, segment=4, **settings)
    made.codec = data.codec_state()
    return made


@pytest.mark.parametrize(
    "settings",
    [{}, {"head": "quantile"}, {"forecaster": "recursive", "head": "gaussian"}, {"forecaster": "segment"}],
    ids=lambda settings: "-".join(settings.values()) or "direct",
)
def test_a_frame_gives_a_frame_with_the_dates_that_follow(data, frame, settings):
    task = model(data, **settings)
    (found,) = task.predict(frame)
    M = data.spec["horizon"]
    assert found.frame.index.equals(pd.date_range("2020-01-03 12:00", periods=M, freq="h", name="date"))
    names = [column for column in found.frame.columns if " " not in column]
    assert names == data.spec["channels"]
    assert np.isfinite(found.frame.to_numpy()).all()
    if "head" in settings:
        bands = found.frame[[f"OT {level / 10:g}" for level in range(1, 10)]].to_numpy()
        assert (np.diff(bands, axis=1) >= 0).all()
    assert "2020-01-03 12:00" in found.line(frame)


def test_a_naive_forecast_is_the_last_row_in_its_own_units(data, frame):
    (found,) = model(data, forecaster="naive").predict([frame])
    np.testing.assert_allclose(found.frame.to_numpy(), np.tile(frame.iloc[-1], (4, 1)), rtol=1e-4, atol=1e-4)


def test_the_batch_size_changes_no_drawn_forecast(data, frame):
    task = model(data, forecaster="recursive", head="student_t")
    items = [frame, frame.iloc[:40], frame.iloc[:30]]
    for whole, single in zip(task.predict(items), task.predict(items, batch_size=1), strict=True):
        pd.testing.assert_frame_equal(whole.frame, single.frame, rtol=1e-4)


def test_a_backtest_of_the_test_part_has_the_errors_that_are_measured(data, tmp_path):
    task = model(data)
    quiet_trainer(tmp_path).test(task, datamodule=data, verbose=False)
    found = task.backtest(data, batch_size=7)
    assert list(found.columns) == ["series", "origin", "step", "time", "channel", "actual", "forecast"]
    assert len(found) == len(data.splits["test"]) * 4 * 7 == task.results["test"]["mae"].n
    error = (found["actual"] - found["forecast"]).abs().mean()
    assert error == pytest.approx(task.results["test"]["real_mae"].value, rel=1e-5)
    some = task.backtest(data, stride=5)
    assert some["origin"].unique().tolist() == sorted(found["origin"].unique())[::5]
    chosen = task.backtest(data, origins=some["origin"].unique()[1:3])
    expected = some[some["origin"].isin(chosen["origin"].unique())].reset_index(drop=True)
    pd.testing.assert_frame_equal(chosen, expected, rtol=1e-4)


def test_a_backtest_of_a_frame_sees_nothing_from_the_origin_on(data, frame):
    task = model(data, head="quantile")
    found = task.backtest(frame, stride=10)
    assert found["origin"].unique().tolist() == [8, 18, 28, 38, 48]
    changed = frame.copy()
    changed.iloc[28:] += 1000
    other = task.backtest(changed, origins=[28])
    same = found[found["origin"] == 28].reset_index(drop=True)
    pd.testing.assert_frame_equal(other.drop(columns="actual"), same.drop(columns="actual"), rtol=1e-5)
    np.testing.assert_allclose(other["actual"], same["actual"] + 1000)
    first = found[(found["origin"] == 28) & (found["channel"] == "OT")]
    assert first["time"].tolist() == DAYS[28:32].tolist()
    np.testing.assert_allclose(first["actual"], frame["OT"].iloc[28:32])


def test_origins_and_frames_that_do_not_do_are_refused(data, frame):
    task = model(data)
    with pytest.raises(ValueError, match="row numbers from 8 to 56"):
        task.backtest(frame, origins=[3])
    with pytest.raises(ValueError, match="at least 12"):
        task.backtest(frame.iloc[:11])
    with pytest.raises(ValueError, match="no test window begins"):
        task.backtest(data, origins=[2])
    with pytest.raises(ValueError, match="stride is 0"):
        task.backtest(frame, stride=0)


@pytest.mark.parametrize("head", ["point", "quantile", "gaussian"])
def test_the_picture_shows_past_forecast_and_what_came_in_real_units(data, head):
    batch = data.splits["test"][[2, 5]]
    task = model(data, head=head).eval()
    figure = task.pictures(batch)["forecast"]
    assert [axis.get_title(loc="left") for axis in figure.axes] == data.spec["channels"][:4]
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    unit = batch.location[0, 0] + batch.scale[0, 0] * torch.cat([batch.inputs[0, :, 0], batch.targets[0, :, 0]])
    np.testing.assert_allclose(lines["past"], unit[:8], rtol=1e-5)
    np.testing.assert_allclose(lines["what came"], unit[8:], rtol=1e-5)
    with torch.no_grad():
        frame = task.answers(task.outputs_of(batch), batch)[0].frame
    np.testing.assert_allclose(lines["forecast"], frame["HUFL"], rtol=1e-4)
    bands = [band.get_label() for band in figure.axes[0].collections]
    assert bands == ([] if head == "point" else ["80% band", "40% band"])


def test_rows_that_are_fillers_have_no_picture(data):
    batch = data.splits["test"][[0, 1]]
    assert model(data).pictures(batch._replace(weights=torch.zeros_like(batch.weights))) == {}
