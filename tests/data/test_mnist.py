"""MNIST as sequences: IDX files read and refused, every form gives the picture back, noise by its seed."""

import gzip

import numpy as np
import pytest
import torch

from rnnzoo.data._files import DamagedFile, MissingData
from rnnzoo.data._idx_files import read_idx
from rnnzoo.data._pictures import FORMS, PictureCodec, PictureRows
from rnnzoo.data.mnist import Mnist
from rnnzoo.registry import CODECS, UnknownName

PICTURES = np.random.RandomState(0).randint(0, 256, size=(6, 5, 4)).astype(np.uint8)


def idx(array, kind=8):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, kind, array.ndim]) + sizes + array.tobytes()


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_give_their_numbers_back(tmp_path, packed):
    path = tmp_path / ("p.gz" if packed else "p")
    path.write_bytes(gzip.compress(idx(PICTURES)) if packed else idx(PICTURES))
    np.testing.assert_array_equal(read_idx(path, 3), PICTURES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(PICTURES)[:-1], "6 x 5 x 4 = 120 bytes of data, and has 119: it is truncated"),
        (idx(PICTURES, kind=9), r"begins with the bytes \[0, 0, 9, 3\]; expected \[0, 0, 8, 3\]"),
        (idx(PICTURES[0]), r"expected \[0, 0, 8, 3\]"),
        (b"", r"begins with the bytes \[\]"),
    ],
)
def test_idx_files_that_are_none_are_refused(tmp_path, content, message):
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(DamagedFile, match=message):
        read_idx(tmp_path / "p", 3)


def test_a_file_that_cannot_be_unpacked_is_refused(tmp_path):
    (tmp_path / "p.gz").write_bytes(gzip.compress(idx(PICTURES))[:-9])
    with pytest.raises(DamagedFile, match="cannot be unpacked"):
        read_idx(tmp_path / "p.gz", 3)


def undone(codec, sequences):
    """The pictures that the sequences were made of."""
    numbers = (sequences.numpy() * 255).round().astype(np.uint8)
    if codec.form == "permuted":
        back = np.empty(20, dtype=int)
        back[codec.order] = np.arange(20)
        numbers = numbers[:, back]
    return numbers[:, :5].reshape(-1, 5, 4) if codec.form == "noise" else numbers.reshape(-1, 5, 4)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_picture_back(form):
    codec = PictureCodec(5, 4, form, steps=9)
    sequences = codec.sequences(PICTURES, range(6))
    assert sequences.shape == (6, codec.length, codec.channels)
    np.testing.assert_array_equal(undone(codec, sequences), PICTURES)


def test_the_disorder_is_one_permutation_for_all_pictures_and_another_by_another_seed():
    one, again, other = (PictureCodec(5, 4, "permuted", permutation_seed=seed) for seed in (3, 3, 4))
    assert sorted(one.order) == list(range(20))
    assert one.order.tolist() == again.order.tolist() != other.order.tolist()
    plain = PictureCodec(5, 4, "pixels").sequences(PICTURES, range(6))
    assert torch.equal(one.sequences(PICTURES, range(6)), plain[:, one.order])


def test_noise_belongs_to_a_picture_whatever_batch_it_is_in_and_is_standard_normal():
    codec = PictureCodec(5, 4, "noise", steps=1005)
    rows = PictureRows(PICTURES, np.arange(6), codec, first=10)
    whole, part = rows[range(6)].inputs, rows[[4, 1]].inputs
    assert torch.equal(part, whole[[4, 1]])
    noise = whole[:, 5:].double()
    assert not torch.equal(noise[0], noise[1])
    assert abs(noise.mean()) < 5 / 24_000**0.5
    assert abs(noise.var() - 1) < 5 * (2 / 24_000) ** 0.5
    assert not torch.equal(PictureRows(PICTURES, np.arange(6), codec, first=11)[[0]].inputs, whole[:1])


@pytest.mark.parametrize("form", FORMS)
def test_raw_pictures_are_read_as_those_of_the_splits(form):
    data = Mnist.tiny()
    data.codec = PictureCodec(28, 28, form)
    state = data.codec_state()
    raw = list(data.splits["train"].pictures[:3])
    encoded = CODECS.create(state.pop("codec"), **state).encode([raw[0], raw[1].tolist(), raw[2].flatten()])
    assert torch.equal(encoded.inputs, data.splits["train"][[0, 1, 2]].inputs)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (np.zeros((4, 4)), r"picture 1 has shape \(4, 4\); expected 5 x 4"),
        (np.full((5, 4), 256), "picture 1 has a number outside 0 to 255"),
        (np.full((5, 4), np.nan), "picture 1 has a number outside"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_place(item, message):
    with pytest.raises(ValueError, match=message):
        PictureCodec(5, 4).encode([PICTURES[0], item])


def test_what_makes_no_sense_is_refused(tmp_path):
    with pytest.raises(UnknownName, match="unknown form 'pixel'; did you mean pixels"):
        Mnist("pixel")
    with pytest.raises(ValueError, match="steps is 28; expected more than the 28 lines"):
        Mnist("noise", steps=28)
    with pytest.raises(MissingData, match=r"no train-images-idx3-ubyte.gz or"):
        Mnist(dir=str(tmp_path), download=False).setup()
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(PICTURES))
    with pytest.raises(DamagedFile, match="does not hold the official numbers"):
        Mnist(dir=str(tmp_path), download=False).setup()


@pytest.mark.data
def test_the_official_pictures_are_split_without_loss(data_dir):
    data = Mnist("permuted", dir=str(data_dir))
    assert {split: len(rows) for split, rows in data.splits.items()} == {
        "train": 50_000, "validation": 10_000, "test": 10_000,
    }  # fmt: skip
    counts = sum(torch.bincount(data.splits[split].labels, minlength=10) for split in ("train", "validation"))
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]  # as LeCun's page has them
    assert data.splits["test"][[0]].targets.tolist() == [7]
