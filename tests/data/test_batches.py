"""A gathered batch against one padded row by row."""

import numpy as np
import pytest
import torch

from rnnzoo.data._batches import FILLER, FlatSequences, unlabelled_batch

LENGTHS = [3, 1, 5, 2, 4]


def rows(channels):
    random = np.random.RandomState(0)
    shape = () if channels is None else (channels,)
    draw = random.standard_normal if channels else (lambda size: random.randint(2, 9, size))
    return [torch.as_tensor(draw((length, *shape))) for length in LENGTHS]


def padded_by_hand(parts, steps, in_front, value):
    out = torch.full((len(parts), steps, *parts[0].shape[1:]), value, dtype=parts[0].dtype)
    for b, part in enumerate(parts):
        if in_front:
            out[b, steps - len(part) :] = part
        else:
            out[b, : len(part)] = part
    return out


@pytest.mark.parametrize("channels", [None, 2])
@pytest.mark.parametrize("pad_to", [None, 6])
@pytest.mark.parametrize("chosen", [[0, 1, 2, 3, 4], [3, 3, 1], [4]])
def test_a_gathered_batch_is_the_rows_padded_one_by_one(channels, pad_to, chosen):
    parts = rows(channels)
    data = FlatSequences(torch.cat(parts), LENGTHS, [5, 6, 7, 8, 9], padding_value=1, pad_to=pad_to)
    batch = data[chosen]
    steps = pad_to or max(LENGTHS[i] for i in chosen)
    assert torch.equal(batch.inputs, padded_by_hand([parts[i] for i in chosen], steps, pad_to is not None, 1))
    assert batch.lengths.tolist() == [pad_to or LENGTHS[i] for i in chosen]
    assert batch.targets.tolist() == [5 + i for i in chosen]
    assert batch.weights.tolist() == [1.0] * len(chosen)
    assert batch.starts.all()


@pytest.mark.parametrize("pad_to", [None, 6])
def test_a_filler_row_is_padding_of_weight_zero_and_leaves_the_others_alone(pad_to):
    data = FlatSequences(torch.cat(rows(None)), LENGTHS, [5, 6, 7, 8, 9], padding_value=1, pad_to=pad_to)
    batch, alone = data[[2, FILLER]], data[[2]]
    assert torch.equal(batch.inputs[:1], alone.inputs)
    assert batch.inputs[1].eq(1).all()
    assert batch.weights.tolist() == [1.0, 0.0]
    assert batch.targets.tolist() == [7, 0]
    assert batch.lengths.min() >= 1
    assert data[[FILLER]].weights.sum() == 0


def test_gathering_changes_no_row():
    data = FlatSequences(torch.cat(rows(2)), LENGTHS, [5, 6, 7, 8, 9])
    before = data.values.clone(), data.targets.clone(), data.lengths.clone()
    data[[0, FILLER, 4]].inputs.fill_(7)
    assert all(torch.equal(a, b) for a, b in zip(before, (data.values, data.targets, data.lengths), strict=True))


@pytest.mark.parametrize(
    ("values", "lengths", "targets", "pad_to", "message"),
    [
        (torch.arange(3), [1, 2], [0], None, "targets has 1 rows, lengths has 2"),
        (torch.arange(3), [0, 3], [0, 1], None, "row 0 has length 0"),
        (torch.arange(3), [1, 1], [0, 1], None, "lengths add up to 2, values has 3"),
        (torch.arange(3), [1, 2], [0, 1], 1, "has 2 steps, pad_to is 1"),
        (torch.arange(0), [], [], None, "at least one row"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(values, lengths, targets, pad_to, message):
    with pytest.raises(ValueError, match=message):
        FlatSequences(values, lengths, targets, pad_to=pad_to)


def test_rows_to_predict_keep_their_order():
    batch = unlabelled_batch([torch.tensor([4, 5]), torch.tensor([6])])
    assert batch.inputs.tolist() == [[4, 5], [6, 0]]
    assert batch.lengths.tolist() == [2, 1]


def test_a_target_a_step_lies_beside_its_input_and_has_its_weight():
    values, weights = torch.arange(10, 20), torch.arange(10) / 4
    data = FlatSequences(values, [3, 2, 5], values + 100, per_step=True, target_weights=weights)
    batch = data[[2, FILLER, 0]]
    assert batch.inputs[0].tolist() == [15, 16, 17, 18, 19]
    assert torch.equal(batch.targets[0], batch.inputs[0] + 100)
    assert torch.equal(batch.weights[0], weights[5:])
    assert batch.targets[2].tolist() == [110, 111, 112, 0, 0]
    assert batch.weights[2].tolist() == [0, 0.25, 0.5, 0, 0]
    assert batch.weights[1].tolist() == [0] * 5


def test_targets_that_are_numbers_stay_floats():
    data = FlatSequences(torch.zeros(3, 1), [1, 2], [[0.5], [-0.25]])
    assert data[[1, 0]].targets.tolist() == [[-0.25], [0.5]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"targets": [0, 0], "per_step": True}, "targets has 2 rows, values has 3"),
        ({"targets": [0, 0], "target_weights": [1, 1, 1]}, "per_step is False"),
        ({"targets": [0, 0, 0], "per_step": True, "target_weights": [1, 1]}, r"shape \(2,\); expected \(3,\)"),
    ],
)
def test_targets_of_another_number_than_the_steps_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        FlatSequences(torch.zeros(3), [1, 2], **given)
