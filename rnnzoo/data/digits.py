"""Handwritten digits, 8 x 8 pixels each, read line by line or pixel by pixel: real data that comes with scikit-learn.

E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998; scikit-learn
has its test part, 1797 pictures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rnnzoo.contracts import SequenceBatch, Spec
from rnnzoo.data._base import ZooData
from rnnzoo.data._batches import FlatSequences, unlabelled_batch
from rnnzoo.data._shares import draw_shares
from rnnzoo.registry import CODECS, DATA

CHANNELS = {"rows": 8, "pixels": 1}
PIXELS = 64
BRIGHTEST = 16.0
VERSION = 1


@CODECS.register("series")
class SeriesCodec:
    """Numbers as a sequence of steps with I channels: array-likes (T, I), or anything of T * I numbers in order.

    Args:
        channels: I, numbers a step.
        scale: what every number is multiplied by.
        length: the T that every series must have; ``None``: any.
    """

    def __init__(self, channels: int, scale: float = 1.0, length: int | None = None) -> None:
        self.channels = channels
        self.scale = scale
        self.length = length

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """``raw`` as a batch (B, T, I) of floats, padded with zeros behind.

        Raises:
            ValueError: nothing to encode, or an item of the wrong size or with numbers that are not finite.
        """
        if not len(raw):
            raise ValueError("there is no series to encode; expected at least one.")
        return unlabelled_batch([self._steps(item, number) for number, item in enumerate(raw)])

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {"codec": "series", "channels": self.channels, "scale": self.scale, "length": self.length}

    def _steps(self, item: Any, number: int) -> torch.Tensor:
        values = np.asarray(item, dtype=np.float32)
        expected = f"T x {self.channels}" if self.length is None else f"{self.length} x {self.channels}"
        steps, rest = divmod(values.size, self.channels)
        if not steps or rest or (self.length is not None and steps != self.length):
            raise ValueError(f"series {number} has shape {values.shape}; expected {expected} numbers.")
        if not np.isfinite(values).all():
            raise ValueError(f"series {number} has a NaN or infinite number; expected {expected} finite numbers.")
        return torch.from_numpy(values.reshape(steps, self.channels) * np.float32(self.scale))


@DATA.register(
    "digits",
    description="1797 handwritten digits of 8 x 8 pixels, as 8 rows or 64 pixels; part of scikit-learn",
    kind="label",
    licence="CC BY 4.0",
    source="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
)
class Digits(ZooData):
    """Ten classes; brightness scaled from 0..16 to 0..1.

    Args:
        form: "rows", 8 steps of 8 pixels, or "pixels", 64 steps of one.
        validation, test: shares of the pictures, drawn by ``split_seed``.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.
        split_seed: of the split.

    Raises:
        ValueError: another form, or shares that leave nothing to train on.
    """

    def __init__(
        self,
        form: str = "rows",
        validation: float = 0.15,
        test: float = 0.15,
        batch_size: int = 32,
        eval_batch_size: int | None = 256,
        shuffle: bool = True,
        seed: int = 0,
        split_seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            batch_size=batch_size, eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers
        )
        if form not in CHANNELS:
            raise ValueError(f"form is {form!r}; expected {' or '.join(map(repr, CHANNELS))}.")
        self.form = form
        self.shares = {"validation": validation, "test": test}
        self.split_seed = split_seed
        self._limit: int | None = None  # pictures, of all that there are

    @property
    def spec(self) -> Spec:
        """Real channels in, ten digits out."""
        return Spec(
            kind="label",
            input="real",
            input_size=CHANNELS[self.form],
            output_size=10,
            labels=[str(digit) for digit in range(10)],
            padding_id=None,
            streaming=False,
            version=VERSION,
        )

    @property
    def data_version(self) -> str:
        """The version of the preprocessing; the pictures never change."""
        return f"{VERSION}"

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``SeriesCodec`` that takes a picture as scikit-learn gives it, 8 x 8 or 64 numbers 0..16."""
        channels = CHANNELS[self.form]
        return SeriesCodec(channels, scale=1 / BRIGHTEST, length=PIXELS // channels).state()

    def build_splits(self) -> dict[str, FlatSequences]:
        """Load the pictures and share them out."""
        from sklearn.datasets import load_digits  # slow to import, and only needed here

        pictures, labels = load_digits(return_X_y=True)  # (R, 64), (R,)
        pictures, labels = pictures[: self._limit], labels[: self._limit]
        channels = CHANNELS[self.form]
        splits = {}
        for split, rows in draw_shares(len(pictures), self.shares, self.split_seed).items():
            values = (pictures[rows] / BRIGHTEST).astype(np.float32).reshape(len(rows), -1, channels)  # (R, T, I)
            splits[split] = FlatSequences.of_equal_length(values, labels[rows])
        return splits

    @classmethod
    def tiny(cls) -> Digits:
        """The first hundred pictures."""
        data = cls(batch_size=8, eval_batch_size=8)
        data._limit = 100
        return data
