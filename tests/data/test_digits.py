"""The handwritten digits as sequences, against the pictures themselves."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from rnnzoo.data.digits import Digits, SeriesCodec
from rnnzoo.registry import CODECS


def codec_of(data):
    state = data.codec_state()
    return CODECS.create(state.pop("codec"), **state)


@pytest.mark.parametrize(("form", "shape"), [("rows", (8, 8)), ("pixels", (64, 1))])
def test_every_picture_is_in_one_split_with_its_label_and_as_the_codec_makes_it(form, shape):
    data = Digits(form=form)
    pictures, labels = load_digits(return_X_y=True)
    expected = {(tuple(picture), label) for picture, label in zip(pictures, labels, strict=True)}
    found = []
    for part in data.splits.values():
        batch = part[range(len(part))]
        assert batch.inputs.shape[1:] == shape
        assert batch.inputs.min() >= 0
        assert batch.inputs.max() <= 1
        flat = (batch.inputs.reshape(len(part), 64) * 16).numpy()
        found += [(tuple(picture), label) for picture, label in zip(flat, batch.targets.tolist(), strict=True)]
        assert torch.equal(codec_of(data).encode(list(flat[:3])).inputs, batch.inputs[:3])
        assert torch.equal(codec_of(data).encode(list(flat[:3].reshape(3, 8, 8))).inputs, batch.inputs[:3])
    assert len(found) == len(pictures) == len(set(found))
    assert set(found) == expected


def test_splits_are_drawn_by_their_seed():
    first, same, other = Digits(), Digits(seed=5), Digits(split_seed=1)
    assert first.splits["test"].values.equal(same.splits["test"].values)
    assert not first.splits["test"].values.equal(other.splits["test"].values)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (np.zeros(60), r"series 1 has shape \(60,\); expected 8 x 8"),
        (np.zeros((16, 8)), "expected 8 x 8"),
        (np.zeros(0), "expected 8 x 8"),
        (np.full((8, 8), np.nan), "NaN or infinite"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_place(item, message):
    with pytest.raises(ValueError, match=message):
        codec_of(Digits()).encode([np.zeros((8, 8)), item])


def test_series_of_different_lengths_are_padded_behind():
    batch = SeriesCodec(2, scale=0.5).encode([[[2, 4]], [[2, 2], [4, 4]]])
    assert batch.inputs.tolist() == [[[1, 2], [0, 0]], [[1, 1], [2, 2]]]
    assert batch.lengths.tolist() == [1, 2]


def test_another_form_and_shares_of_everything_are_refused():
    with pytest.raises(ValueError, match="form is 'columns'; expected 'rows' or 'pixels'"):
        Digits(form="columns")
    with pytest.raises(ValueError, match="leave none to train on"):
        Digits(validation=0.6, test=0.6).setup()
