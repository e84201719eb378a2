"""Numbers for a sequence: losses and metrics by their definitions, units, learning, answers, pictures, refusals."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score
from tolerances import close
from training import LIGHTNINGS_OWN, quiet_trainer

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data.adding import Adding
from rnnzoo.metrics import R2
from rnnzoo.registry import UnknownName
from rnnzoo.tasks.sequence_regression import Estimate, SequenceRegressor

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]


def spec(**changes):
    base = {"kind": "value", "input": "real", "input_size": 2, "output_size": 2, "labels": ["width", "height"]}
    return {**base, "padding_id": None, "streaming": False, "version": 1, **changes}


def batch_of(targets, weights=None):
    rows = len(targets)
    given = torch.ones(rows) if weights is None else torch.tensor(weights)
    inputs = torch.randn(rows, 4, 2, generator=torch.Generator().manual_seed(0))
    return SequenceBatch(inputs, torch.full((rows,), 4), targets, given, torch.ones(rows, dtype=torch.bool))


def numbers(rows, seed=0, mean=0.0, scale=1.0):
    return mean + scale * torch.randn(rows, 2, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("loss", "of_one"),
    [("mse", lambda e: e * e), ("mae", abs), ("huber", lambda e: e * e / 2 if abs(e) < 0.7 else 0.7 * (abs(e) - 0.35))],
)
def test_a_rows_loss_is_the_mean_over_its_standardised_numbers(loss, of_one):
    task = SequenceRegressor(spec(target_mean=[5.0, -1.0], target_scale=[2.0, 4.0]), loss=loss, huber_delta=0.7)
    targets, outputs = numbers(6, 1, 3.0, 3.0), numbers(6, 2)
    found = task.losses(outputs, batch_of(targets))
    for row, value in enumerate(found.tolist()):
        errors = [
            float(outputs[row, i]) - (float(targets[row, i]) - mean) / scale
            for i, (mean, scale) in enumerate([(5, 2), (-1, 4)])
        ]
        assert value == pytest.approx(sum(map(of_one, errors)) / 2, rel=1e-5)


def test_metrics_and_answers_are_in_the_units_of_the_data():
    task = SequenceRegressor(spec(target_mean=[5.0, -1.0], target_scale=[2.0, 4.0]))
    outputs, targets = torch.tensor([[1.0, 0.5], [0.0, -1.0]]), torch.tensor([[8.0, 0.0], [5.0, -4.0]])
    measured = task.measures(outputs, batch_of(targets))  # the answers are 7, 1 and 5, -5
    close(measured["mse"], torch.tensor([(1 + 1) / 2, (0 + 1) / 2]))
    close(measured["mae"], torch.tensor([1.0, 0.5]))
    assert task.answers(outputs, batch_of(targets)) == [
        Estimate({"width": 7.0, "height": 1.0}),
        Estimate({"width": 5.0, "height": -5.0}),
    ]


@pytest.mark.parametrize("mean", [0.0, 1000.0])
def test_r2_is_scikit_learns_however_rows_come_and_whatever_fillers_hold(mean):
    targets, answers = numbers(30, 1, mean, 2.0), numbers(30, 2, mean, 2.0)
    meter = R2([mean, mean])
    for part in (slice(0, 7), slice(7, 30)):
        filled = [torch.cat([each[part], torch.full((1, 2), 1e6)]) for each in (answers, targets)]
        meter.update(*filled, torch.tensor([1.0] * len(answers[part]) + [0.0]))
    assert float(meter.compute()) == pytest.approx(r2_score(targets, answers), rel=1e-5)
    assert meter.n == 30


@pytest.mark.parametrize(("answer", "expected"), [(3.0, 1.0), (2.0, 0.0)])
def test_r2_of_a_number_that_does_not_vary_is_scikit_learns(answer, expected):
    meter, targets = R2([0.0]), torch.full((5, 1), 3.0)
    meter.update(torch.full((5, 1), answer), targets, torch.ones(5))
    assert float(meter.compute()) == expected == r2_score(targets, np.full((5, 1), answer))


def test_r2_without_a_row_is_refused():
    meter = R2([0.0])
    meter.update(torch.ones(2, 1), torch.ones(2, 1), torch.zeros(2))
    with pytest.raises(ValueError, match="over no row at all"):
        meter.compute()


def test_the_mean_as_the_only_answer_has_an_r2_of_zero_and_the_variance_as_its_error():
    task = SequenceRegressor(spec(target_mean=[2.0, 2.0], target_scale=[3.0, 3.0]))
    targets = numbers(50, 3)
    targets = 2 + targets - targets.mean(0)
    batch = batch_of(targets)
    measured = task.measures(torch.zeros(50, 2), batch)
    close(measured["mse"].mean(), targets.var(0, unbiased=False).mean())
    meter = R2([2.0, 2.0])
    meter.update(*measured["r2"])
    assert float(meter.compute()) == pytest.approx(0, abs=1e-5)


def test_it_learns_to_add(tmp_path):
    data = Adding(length=4, training=512, validation=64, test=200, batch_size=32)
    torch.manual_seed(0)
    task = SequenceRegressor(data.spec, layer="gru", hidden_size=16, embedding="none", learning_rate=0.02)
    trainer = quiet_trainer(tmp_path, max_epochs=8)
    trainer.fit(task, datamodule=data)
    trainer.test(task, datamodule=data, verbose=False)
    found = task.results["test"]
    assert found["mse"].value < 1 / 6 / 10
    assert found["loss"].value == pytest.approx(found["mse"].value, rel=1e-6)
    assert found["r2"].value == pytest.approx(1 - found["mse"].value * 6, abs=0.05)
    assert found["mse"].n == found["r2"].n == 200
    (estimate,) = task.predict([[[0.5, 1], [0.9, 0], [0.25, 1], [0.1, 0]]])
    assert estimate.values["sum"] == pytest.approx(0.75, abs=0.5)
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    again = SequenceRegressor.load_from_checkpoint(tmp_path / "model.ckpt", map_location="cpu")
    assert again.predict([[[0.5, 1], [0.9, 0], [0.25, 1], [0.1, 0]]]) == [estimate]


def test_an_answer_is_told_in_a_line_whatever_the_input():
    line = Estimate({"width": 7.123456, "height": 1.0}).line(np.zeros((100, 2)))
    assert line.startswith("width=7.123 height=1\t[[0. 0.] [0. 0.]")
    assert "\n" not in line
    assert len(line) < 100


def test_the_picture_has_a_panel_for_each_number_and_a_point_for_each_real_row():
    task = SequenceRegressor(spec()).eval()
    batch = batch_of(numbers(5), [1.0, 1.0, 1.0, 1.0, 0.0])
    (figure,) = task.pictures(batch).values()
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["width", "height"]
    points = figure.axes[0].collections[0].get_offsets()
    close(torch.tensor(points[:, 0]), batch.targets[:4, 0].double(), dtype=torch.float32)
    close(torch.tensor(points[:, 1]), task(batch.inputs)[:4, 0].detach().double(), dtype=torch.float32)


@pytest.mark.parametrize(
    ("changes", "options", "error", "message"),
    [
        ({}, {"loss": "mes"}, UnknownName, "unknown loss 'mes'; did you mean mse"),
        ({}, {"loss": "huber", "huber_delta": 0.0}, ValueError, "huber_delta is 0.0; expected a number above 0"),
        ({}, {"huber_delta": math.nan}, ValueError, "huber_delta is nan"),
        ({"kind": "label"}, {}, ValueError, "spec is of kind 'label', SequenceRegressor takes 'value'"),
        ({"target_scale": [1.0, 0.0]}, {}, ValueError, "expected one each, the scale above 0"),
        ({"target_mean": [1.0]}, {}, ValueError, "expected one each"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, options, error, message):
    with pytest.raises(error, match=message):
        SequenceRegressor(spec(**changes), **options)
