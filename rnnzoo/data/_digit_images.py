"""Pictures of digits to compose videos and strips of: scikit-learn's, which need no file, or MNIST's.

Each split has pictures of its own: what is composed to test has no picture in common with what is trained on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnzoo.data._base import SPLITS
from rnnzoo.data._mnist_files import read_mnist
from rnnzoo.data._shares import draw_shares
from rnnzoo.registry import unknown

SOURCES = {"digits": (8, 16), "mnist": (28, 255)}
"""Of each source of pictures: their height and width, and the brightest number."""

SHARES = {"validation": 0.15, "test": 0.15}
VALIDATION = 5000
"""Of MNIST: the last of the pictures to train on are for validation."""

PICTURES = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"


class DigitImages(NamedTuple):
    """Pictures and which digit each is."""

    pixels: np.ndarray  # (R, S, S) uint8, 0 to the brightest
    labels: np.ndarray  # (R,) int64


def check_source(source: str) -> None:
    """Refuse a source that is none.

    Raises:
        UnknownName: with near misses.
    """
    if source not in SOURCES:
        raise unknown("source", source, SOURCES)


def load_digit_images(
    source: str, *, limit: int | None = None, directory: str | None = None, download: bool = True
) -> dict[str, DigitImages]:
    """The pictures of each split.

    Args:
        source: "digits", scikit-learn's 1,797, of which 15 % each are for validation and to test; or "mnist", with the
            official test pictures.
        limit: the first so many of "digits" alone; ``None``: all.
        directory, download: of "mnist", see ``_files.find_or_fetch``.

    Raises:
        MissingData, DamagedFile: of "mnist": its files are not there, or not the official ones.
    """
    check_source(source)
    if source == "mnist":
        train, test = (read_mnist(part, directory, download) for part in ("train", "t10k"))
        parts = {"train": slice(None, -VALIDATION), "validation": slice(-VALIDATION, None)}
        found = {
            split: DigitImages(train.pixels[own], train.labels[own].astype(np.int64)) for split, own in parts.items()
        }
        return {**found, "test": DigitImages(test.pixels, test.labels.astype(np.int64))}
    from sklearn.datasets import load_digits  # slow to import, and only needed here

    pictures, labels = load_digits(return_X_y=True)
    pixels = pictures[:limit].astype(np.uint8).reshape(-1, 8, 8)
    rows = draw_shares(len(pixels), SHARES, 0)
    return {split: DigitImages(pixels[rows[split]], labels[:limit][rows[split]].astype(np.int64)) for split in SPLITS}


class Canvas:
    """Pictures (R, S, S) at any place of a larger canvas of (S + margin) x (S + margin), drawn when they are asked for.

    Args:
        pixels: (R, S, S) uint8.
        brightest: what becomes 1.
        margin: how far a picture can be moved down and to the right.
    """

    def __init__(self, pixels: np.ndarray, brightest: int, margin: int) -> None:
        around = [(0, 1), (margin, margin), (margin, margin)]  # a margin of black, and behind the last a black picture
        self.padded = torch.from_numpy(np.pad(pixels, around))  # (R + 1, S + 2 margin, S + 2 margin)
        self.brightest = brightest
        self.margin = margin
        self.side = pixels.shape[1] + margin

    def draw(self, numbers: Tensor, down: Tensor, right: Tensor) -> Tensor:
        """Pictures (..., side, side) of 0 to 1.

        Args:
            numbers: (...) of the pictures; -1 is none, black.
            down, right: (...) from 0 to ``margin``.
        """
        steps = torch.arange(self.side)
        lines = (self.margin - down)[..., None, None] + steps[:, None]  # (..., side, 1)
        columns = (self.margin - right)[..., None, None] + steps  # (..., 1, side)
        return self.padded[numbers[..., None, None], lines, columns].float() / self.brightest


def image_codec(source: str, height: int, width: int) -> dict[str, Any]:
    """The state of a codec of videos whose frames are ``height`` x ``width``, as bright as the source's."""
    return {"codec": "series", "channels": height * width, "scale": 1 / SOURCES[source][1], "length": None}
