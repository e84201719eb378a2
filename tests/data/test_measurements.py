"""Series as models read them: deltas by GRU-D's recursion, forms that the layers take, normalisation, refusals."""

import numpy as np
import pytest
import torch

from rnnzoo.data._labelled_series import LabelledSeries
from rnnzoo.data._measurements import MeasurementsCodec, channels_of, since_observed, steps_of
from rnnzoo.data.irregular_sines import IrregularSines
from rnnzoo.data.series_files import SeriesFiles
from rnnzoo.data.series_values import SeriesValues
from rnnzoo.data.ucr import Ucr
from rnnzoo.registry import UnknownName

NAN = float("nan")


def gru_d_deltas(times, observed):
    """Equation 2 of arXiv 1606.01865, a step and a channel at a time."""
    deltas = np.zeros(observed.shape)
    for t in range(1, len(times)):
        for d in range(observed.shape[1]):
            gap = times[t] - times[t - 1]
            deltas[t, d] = gap if observed[t - 1, d] else gap + deltas[t - 1, d]
    return deltas


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_the_time_since_the_last_observation_is_that_of_gru_d(share):
    random = np.random.RandomState(0)
    times, observed = random.rand(40).cumsum(), random.rand(40, 3) < share
    np.testing.assert_allclose(since_observed(times, observed), gru_d_deltas(times, observed), atol=1e-12)


def test_each_form_has_its_channels():
    times, values = np.array([1.0, 1.5, 4.0]), np.array([[2.0, NAN], [NAN, 5.0], [3.0, 6.0]])
    filled, mask = [[2, 0], [0, 5], [3, 6]], [[1, 0], [0, 1], [1, 1]]
    last = {"observed": [[0, 0], [0.5, 0.5], [3, 2.5]], "gap": [[0], [0.5], [2.5]], "time": [[1], [1.5], [4]]}
    for form, more in last.items():
        found = steps_of(times, values, form)
        assert found.tolist() == np.concatenate([filled, mask, more], axis=1).tolist()
        assert found.shape[1] == channels_of(form, 2)


def test_channels_are_normalised_by_what_is_observed_in_training_or_in_the_series_itself():
    values = np.array([[1.0, 10.0], [3.0, NAN], [NAN, 30.0]])
    given = {"channels": 2, "form": "observed"}
    by_itself = MeasurementsCodec(normalize="series", **given).encode([values]).inputs[0, :, :2]
    assert by_itself.tolist() == [[-1, -1], [1, 0], [0, 1]]
    trained = MeasurementsCodec(normalize="train", mean=[1, 20], scale=[2, 5], **given).encode([values])
    assert trained.inputs[0, :, :2].tolist() == [[0, -2], [1, 0], [0, 2]]


def test_a_constant_channel_is_zero_and_not_nan():
    assert MeasurementsCodec(1, normalize="series").encode([[5.0, 5.0, 5.0]]).inputs.tolist() == [[[0], [0], [0]]]


def test_items_may_have_times_in_a_pair_or_by_name_and_are_padded():
    codec = MeasurementsCodec(1, form="gap", time_unit=2.0)
    values, times = [4.0, NAN, 6.0], [0.0, 1.0, 5.0]
    batch = codec.encode([(times, values), {"times": times, "values": values}, {"values": values}, [8.0]])
    assert batch.inputs[0].tolist() == batch.inputs[1].tolist() == [[4, 1, 0], [0, 0, 0.5], [6, 1, 2]]
    assert batch.inputs[2, :, 2].tolist() == [0, 0.5, 0.5]
    assert batch.lengths.tolist() == [3, 3, 3, 1]
    assert batch.inputs[3].tolist() == [[8, 1, 0], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("kind", [Ucr, SeriesFiles, SeriesValues, IrregularSines])
def test_raw_series_are_read_as_those_of_the_splits(kind):
    data = kind.tiny()
    raw = [{"times": one.times, "values": one.values} for one in data.series["test"]]
    assert torch.equal(data.codec.encode(raw).inputs, data.splits["test"][range(len(raw))].inputs)


@pytest.mark.parametrize(
    ("form", "item", "message"),
    [
        (
            "values",
            [1.0, NAN],
            "series 1: channel 1 is missing at step 2; expected a finite number; fill it in, or give",
        ),
        ("observed", [1.0, np.inf], "series 1: channel 1 is inf at step 2; expected a finite number"),
        ("observed", [NAN, NAN], "series 1: no value at all"),
        ("values", [[1.0, 2.0]], r"series 1 has values of shape \(1, 2\); expected \(T, 1\)"),
        ("values", [], r"shape \(0, 1\)"),
        (
            "gap",
            ([0, 2, 2], [1.0, 2.0, 3.0]),
            "series 1: step 2 is at time 2 and step 3 at 2; expected times that rise",
        ),
        ("gap", ([0, 3, 2], [1.0, 2.0, 3.0]), "step 2 is at time 3 and step 3 at 2"),
        ("gap", ([0, NAN], [1.0, 2.0]), "the time of step 2 is nan"),
        ("gap", ([0], [1.0, 2.0]), r"times of shape \(1,\) for 2 steps"),
        ("gap", {"valeus": [1.0]}, "series 1 has valeus; expected values, and possibly times"),
    ],
)
def test_what_is_no_such_series_is_refused_with_its_place(form, item, message):
    with pytest.raises(ValueError, match=message):
        MeasurementsCodec(1, form=form).encode([[1.0], item])


def series(label="a", targets=(), channels=1):
    return LabelledSeries(np.ones((2, channels)), np.arange(2.0), label, targets, "file, line 3")


@pytest.mark.parametrize(
    ("kind", "train", "test", "message"),
    [
        (
            SeriesFiles,
            [series(), series("b")],
            [series("c")],
            "file, line 3: class 'c' is not among those of the train",
        ),
        (SeriesFiles, [series(), series()], [series()], "one class only, 'a'"),
        (SeriesFiles, [series("", (1.0,))] * 2, [], "one class only|Use the dataset series_values"),
        (SeriesValues, [series()] * 2, [], "a series with classes; expected numbers. Use the dataset series_files"),
        (
            SeriesFiles,
            [series(), series("b")],
            [series(channels=2)],
            r"2 channel\(s\) and 0 target\(s\), file, line 3 has 1",
        ),
    ],
)
def test_series_that_do_not_fit_the_training_series_are_refused(kind, train, test, message):
    data = kind("made.ts")
    data._given = {"train": train, "validation": train, "test": test}
    with pytest.raises(ValueError, match=message):
        data.setup()


def test_targets_are_known_by_their_mean_and_deviation_in_training():
    data = SeriesValues.tiny()
    targets = np.array([one.targets for one in data.series["train"]])
    assert data.spec["target_mean"] == pytest.approx(targets.mean(0).tolist())
    assert data.spec["target_scale"] == pytest.approx(targets.std(0).tolist())
    assert data.splits["train"].targets.numpy() == pytest.approx(targets)


def test_names_and_numbers_that_make_no_sense_are_refused():
    with pytest.raises(UnknownName, match="unknown form 'obseved'; did you mean observed"):
        IrregularSines(form="obseved")
    with pytest.raises(UnknownName, match="unknown normalize 'trian'; did you mean train"):
        IrregularSines(normalize="trian")
    with pytest.raises(ValueError, match="time_unit is 0"):
        IrregularSines(time_unit=0)
    with pytest.raises(ValueError, match="missing 1"):
        IrregularSines(missing=1.0)
    with pytest.raises(ValueError, match="expected 2 each, scales above 0"):
        MeasurementsCodec(2, normalize="train", mean=[0.0], scale=[1.0])
