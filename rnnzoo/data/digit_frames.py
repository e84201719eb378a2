"""Digit frames: a video in which digits appear, move, and are hidden; which one was there last, at every frame.

A frame shows a picture of a digit or nothing. Its label is the digit that is there, or, where it is hidden, the last
one that was: what sees a frame alone can but guess the hidden ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch

from rnnzoo.contracts import SequenceBatch, Spec
from rnnzoo.data._batches import Rows
from rnnzoo.data._checks import check_positive
from rnnzoo.data._digit_images import (
    PICTURES,
    SOURCES,
    Canvas,
    DigitImages,
    check_source,
    image_codec,
    load_digit_images,
)
from rnnzoo.data._generated import GeneratedData
from rnnzoo.registry import DATA


class VideoRows(Rows):
    """R videos, kept as what is where; the frames of a batch are drawn when it is asked for.

    Args:
        canvas: draws pictures.
        numbers: (R, T) of the picture in each frame, -1 where there is none.
        down, right: (R, T) where it is.
        labels: (R, T) what each frame is to be told.
        lengths: (R,) of the videos, at most T.
    """

    def __init__(
        self, canvas: Canvas, numbers: np.ndarray, down: np.ndarray, right: np.ndarray, labels: np.ndarray, lengths: Any
    ) -> None:
        self.canvas = canvas
        self.numbers, self.down, self.right, self.labels, self.lengths = (
            torch.from_numpy(np.asarray(each, dtype=np.int64)) for each in (numbers, down, right, labels, lengths)
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: Sequence[int]) -> SequenceBatch:
        """The rows as one batch, frames as (B, T, H * W); ``FILLER`` rows have weight 0."""
        index = torch.as_tensor(rows, dtype=torch.int64)  # (B,)
        filler = index < 0
        index = index.clamp(min=0)
        lengths = self.lengths[index].masked_fill_(filler, 1)  # (B,)
        T = int(lengths.max())
        inside = (torch.arange(T) < lengths[:, None]) & ~filler[:, None]  # (B, T)
        numbers = self.numbers[index, :T].masked_fill(~inside, -1)
        frames = self.canvas.draw(numbers, self.down[index, :T], self.right[index, :T])  # (B, T, H, W)
        return SequenceBatch(
            inputs=frames.flatten(2),
            lengths=lengths,
            targets=self.labels[index, :T].masked_fill(~inside, 0),
            weights=inside.float(),
            starts=torch.ones(len(index), dtype=torch.bool),
        )


@DATA.register(
    "digit_frames",
    description="videos of digits that are hidden for some frames: the digit that was there last, at every frame",
    kind="tags",
    licence="CC BY 4.0 (digits), not stated (MNIST)",
    source=PICTURES,
)
class DigitFrames(GeneratedData):
    """Videos of ``shortest`` to ``longest`` frames, composed of pictures that each split has for itself.

    A digit is there for 1 to ``shown`` frames, moving by at most a pixel a frame in each direction and back at the
    borders, then hidden for 0 to ``hidden`` frames; then comes another. The first frame shows one.

    Args:
        pictures: "digits", scikit-learn's of 8 x 8, which need no file, or "mnist", of 28 x 28.
        shortest, longest: frames of a video.
        shown, hidden: frames for which a digit is there and hidden, at most.
        margin: a frame is so much higher and wider than a picture, which moves in it.
        training, validation, test: videos of each split; of training, in every pass.
        fresh: other videos to train on in every pass.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.
        data_seed: of the videos.
        dir: the folder with MNIST's files, if not the usual places.
        download: whether they may be fetched.

    Raises:
        UnknownName: no such pictures.
        ValueError: a number below what is possible.
    """

    kind = "tags"

    def __init__(
        self,
        pictures: Literal["digits", "mnist"] = "digits",
        shortest: int = 12,
        longest: int = 24,
        shown: int = 3,
        hidden: int = 8,
        margin: int = 4,
        training: int = 2000,
        validation: int = 500,
        test: int = 500,
        fresh: bool = True,
        batch_size: int = 32,
        eval_batch_size: int | None = 100,
        shuffle: bool = True,
        data_seed: int = 0,
        seed: int = 0,
        dir: str | None = None,
        download: bool = True,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            rows=(training, validation, test), data_seed=data_seed, fresh=fresh, batch_size=batch_size,
            eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        check_source(pictures)
        check_positive(shortest=shortest, shown=shown)
        if longest < shortest or hidden < 0 or margin < 0:
            raise ValueError(
                f"shortest is {shortest}, longest {longest}, hidden {hidden} and margin {margin}; expected longest to "
                "be at least shortest, and the others at least 0."
            )
        self.pictures = pictures
        self.video_lengths = (shortest, longest)
        self.shown, self.hidden, self.margin = shown, hidden, margin
        self.dir = dir
        self.download = download
        self._limit: int | None = None

    @property
    def spec(self) -> Spec:
        """Images in, ten digits out."""
        side = SOURCES[self.pictures][0] + self.margin
        return Spec(
            kind="tags",
            input="real",
            input_size=side * side,
            image=[side, side],
            output_size=10,
            labels=[str(digit) for digit in range(10)],
            padding_id=None,
            streaming=False,
            version=self.version,
            scheme="none",
        )

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``SeriesCodec`` of frames (T, height, width), as bright as the pictures are published."""
        return image_codec(self.pictures, *self.spec["image"])

    @cached_property
    def images(self) -> Mapping[str, DigitImages]:
        """The pictures of each split."""
        return load_digit_images(self.pictures, limit=self._limit, directory=self.dir, download=self.download)

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> VideoRows:
        """Videos of a split's pictures."""
        own = self.images[split]
        T = self.video_lengths[1]
        lengths = random.randint(self.video_lengths[0], T + 1, size=rows)
        size = (rows, T)  # as many digits as frames are enough
        shown = random.randint(1, self.shown + 1, size=size)
        ends = (shown + random.randint(0, self.hidden + 1, size=size)).cumsum(axis=1)
        digits = random.randint(0, len(own.labels), size=size)
        now = (ends[:, None] <= np.arange(T)[:, None]).sum(axis=2)  # (R, T): which of its digits a frame is about
        begins = np.concatenate([np.zeros((rows, 1), np.int64), ends[:, :-1]], axis=1)

        def at(of_digits: np.ndarray) -> np.ndarray:
            return np.take_along_axis(of_digits, now, axis=1)

        age = np.arange(T) - at(begins)
        there = age < at(shown)
        places: list[np.ndarray] = []
        for _ in range(2):
            start, speed = random.randint(0, self.margin + 1, size=size), random.randint(-1, 2, size=size)
            place = np.abs(at(start) + at(speed) * age)
            places.append(self.margin - np.abs(self.margin - place % max(1, 2 * self.margin)))
        canvas = self._canvases[split]
        numbers = at(digits)
        down, right = places
        return VideoRows(canvas, np.where(there, numbers, -1), down, right, own.labels[numbers], lengths)

    @cached_property
    def _canvases(self) -> dict[str, Canvas]:
        brightest = SOURCES[self.pictures][1]
        return {split: Canvas(own.pixels, brightest, self.margin) for split, own in self.images.items()}

    @classmethod
    def tiny(cls) -> DigitFrames:
        """Few short videos of the first pictures."""
        data = cls(
            shortest=3, longest=6, margin=2, training=24, validation=9, test=9, batch_size=8, eval_batch_size=4
        )  # fmt: skip
        data._limit = 100
        return data
