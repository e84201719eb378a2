"""Videos and strips are composed of the pictures of their split as said, and labels follow from what can be seen."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from rnnzoo.data._batches import FILLER
from rnnzoo.data._digit_images import Canvas, load_digit_images
from rnnzoo.data.digit_frames import DigitFrames
from rnnzoo.data.digit_strip import NAMES, DigitStrip
from rnnzoo.registry import CODECS, UnknownName

SPLITS = ("train", "validation", "test")


def codec_of(data):
    state = data.codec_state()
    return CODECS.create(state.pop("codec"), **state)


def known(data, split):
    """What an oracle may know: which digit each picture of a split is, by its pixels."""
    own = data.images[split]
    return {picture.tobytes(): int(label) for picture, label in zip(own.pixels, own.labels, strict=True)}


def seen(frame, side, digits, margin):
    """The digit whose picture lies somewhere in a frame of bytes, or ``None`` where there is none."""
    for i in range(margin + 1):
        for j in range(margin + 1):
            found = digits.get(np.ascontiguousarray(frame[i : i + side, j : j + side]).tobytes())
            if found is not None and frame[i : i + side, j : j + side].sum() == frame.sum():
                return found, i, j
    assert not frame.any(), "a frame with something that is no picture of its split"
    return None


@pytest.mark.parametrize("split", SPLITS)
def test_the_label_of_a_frame_is_the_digit_that_an_oracle_saw_last(split):
    data = DigitFrames(training=20, validation=20, test=20, margin=2)
    rows, digits = data.splits[split], known(data, split)
    batch = rows[range(20)]
    hidden = 0
    for row, length in enumerate(batch.lengths.tolist()):
        frames = (batch.inputs[row, :length] * 16).round().numpy().astype(np.uint8).reshape(-1, 10, 10)
        last = None
        for step, frame in enumerate(frames):
            there = seen(frame, 8, digits, 2)
            hidden += there is None
            if there is not None and last is not None and there[0] == last[0] and seen(frames[step - 1], 8, digits, 2):
                assert max(abs(a - b) for a, b in zip(there[1:], last[1:], strict=True)) <= 2
            last = there or last
            assert last is not None, "the first frame shows a digit"
            assert batch.targets[row, step] == last[0]
    assert 0.4 < hidden / int(batch.lengths.sum()) < 0.8


def test_no_picture_is_in_two_splits_and_all_are_scikit_learns():
    pictures, labels = load_digits(return_X_y=True)
    expected = sorted(
        (picture.astype(np.uint8).tobytes(), label) for picture, label in zip(pictures, labels, strict=True)
    )
    parts = load_digit_images("digits").values()
    found = [(p.tobytes(), label) for part in parts for p, label in zip(part.pixels, part.labels, strict=True)]
    assert sorted(found) == expected


def test_a_canvas_has_the_picture_at_its_place_and_black_around():
    pictures = np.random.RandomState(0).randint(1, 17, (3, 4, 4)).astype(np.uint8)
    drawn = Canvas(pictures, 16, 3).draw(torch.tensor([2, -1]), torch.tensor([1, 0]), torch.tensor([3, 0]))
    expected = np.zeros((2, 7, 7))
    expected[0, 1:5, 3:7] = pictures[2] / 16
    assert np.allclose(drawn, expected)


def test_videos_keep_to_the_lengths_and_times_asked_for():
    data = DigitFrames(shortest=5, longest=7, shown=1, hidden=0, margin=0, training=200, validation=1, test=1)
    batch = data.splits["train"][range(200)]
    assert set(batch.lengths.tolist()) == {5, 6, 7}
    inside = batch.weights > 0
    assert batch.inputs.sum(2)[inside].gt(0).all(), "nothing is hidden"
    assert batch.inputs.sum(2)[~inside].eq(0).all()


def test_training_videos_never_come_twice_unless_asked_for():
    for fresh in (True, False):
        rows = DigitFrames(training=4, validation=1, test=1, fresh=fresh).splits["train"]
        first = rows[range(4)].inputs
        later = rows[[rows.first_row(1) + i for i in range(4)]].inputs
        assert torch.equal(rows[range(4)].inputs, first)
        assert (first.shape == later.shape and torch.equal(first, later)) != fresh


@pytest.mark.parametrize("split", SPLITS)
def test_a_strip_is_named_from_left_to_right(split):
    data = DigitStrip(training=30, validation=30, test=30)
    rows, digits, codec = data.splits[split], known(data, split), codec_of(data)
    batch = rows[range(30)]
    images = (batch.source * 16).round().numpy().astype(np.uint8).reshape(30, 10, 4, 10)
    lengths = set()
    for image, tokens in zip(images, batch.targets.tolist(), strict=True):
        found = [seen(image[:, place], 8, digits, 2) for place in range(4)]
        names = [NAMES[one[0]] for one in found if one is not None]
        lengths.add(len(names))
        assert all(one is None for one in found[len(names) :])
        assert codec.decode_target(tokens) == " ".join(names)
    assert lengths == {2, 3, 4}


def test_the_codec_of_strips_makes_what_the_rows_are_and_continues_narrow_ones_in_black():
    data = DigitStrip.tiny()
    batch = data.splits["test"][range(5)]
    codec = codec_of(data)
    images = (batch.source * 16).unflatten(1, (10, 30))
    texts = [codec.decode_target(ids) for ids in batch.targets.tolist()]
    again = codec.encode(list(images.numpy()), texts)
    assert all(torch.equal(a, b) for a, b in zip(again, batch, strict=True))
    narrow = codec.encode([images[0, :, :10].numpy()]).source.unflatten(1, (10, 30))
    assert torch.equal(narrow[0, :, :10], batch.source.unflatten(1, (10, 30))[0, :, :10])
    assert narrow[0, :, 10:].eq(0).all()


@pytest.mark.parametrize(
    ("item", "message"),
    [(np.zeros((9, 30)), "expected 10 lines of at most 30"), (np.zeros((10, 31)), "at most 30"),
     (np.zeros(300), "10 lines"), (np.full((10, 30), 17), "outside 0 to 16"), (np.full((10, 30), np.nan), "outside 0")],
)  # fmt: skip
def test_images_that_are_none_are_refused(item, message):
    with pytest.raises(ValueError, match=message):
        codec_of(DigitStrip.tiny()).encode([item])


@pytest.mark.parametrize("data", [DigitFrames, DigitStrip])
def test_settings_out_of_range_are_refused(data):
    with pytest.raises(UnknownName, match="unknown source 'mnits'; did you mean mnist"):
        data(pictures="mnits")
    with pytest.raises(ValueError, match="shortest is 5, longest 4"):
        data(shortest=5, longest=4)
    with pytest.raises(ValueError, match=r"margin (is )?-1"):
        data(margin=-1)


@pytest.mark.parametrize("data", [DigitFrames, DigitStrip])
def test_fillers_are_steps_without_weight(data):
    batch = data.tiny().splits["test"][[0, FILLER]]
    assert batch.weights[1].sum() == 0
    assert batch.lengths[1] == 1


@pytest.mark.data
@pytest.mark.slow
def test_mnist_is_composed_of_its_official_splits(data_dir):
    images = load_digit_images("mnist", directory=str(data_dir / "mnist"))
    assert [len(part.labels) for part in images.values()] == [55_000, 5_000, 10_000]
    batch = DigitStrip("mnist", dir=str(data_dir / "mnist"), training=4, validation=4, test=4).splits["test"][range(4)]
    assert batch.source.shape == (4, 30 * 120)
