"""Digit strips: an image of several digits side by side, and their names in words: "three one four"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch

from rnnzoo.contracts import PairBatch, Spec
from rnnzoo.data._digit_images import PICTURES, SOURCES, Canvas, DigitImages, check_source, load_digit_images
from rnnzoo.data._emission import EmissionRows
from rnnzoo.data._generated import GeneratedData
from rnnzoo.data._pair_codec import end_to_end
from rnnzoo.data._segmenters import BEGIN, END, PAD, SPACE, SPECIALS, UNK, Segmenter
from rnnzoo.registry import CODECS, DATA

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FIRST = len(SPECIALS)
"""The token of the name of 0."""


class StripRows(EmissionRows):
    """R strips, kept as what is where; the images of a batch are drawn when it is asked for.

    Args:
        canvas: draws pictures.
        places: (R, D, 3) of each digit: the number of its picture, -1 for none, and how far down and right it is.
        targets, target_lengths: as ``EmissionRows`` says.
    """

    def __init__(self, canvas: Canvas, places: np.ndarray, targets: np.ndarray, target_lengths: np.ndarray) -> None:
        super().__init__(places.reshape(len(places), -1), targets, target_lengths)
        self.canvas = canvas

    def __getitem__(self, rows: Sequence[int]) -> PairBatch:
        """The rows as one batch, the source (B, H * W) floats; ``FILLER`` rows have weight 0."""
        batch = super().__getitem__(rows)
        digits = self.canvas.draw(*batch.source.unflatten(1, (-1, 3)).unbind(2))  # (B, D, H, H)
        return batch._replace(source=digits.transpose(1, 2).flatten(1))


@CODECS.register("image_text")
class ImageTextCodec:
    """Images as batches, and token ids of what is written for them as texts.

    Args:
        height, width: of an image; a narrower one is continued in black.
        brightest: the number that stands for white.
        target: the state of the ``Segmenter`` of texts.
    """

    def __init__(self, height: int, width: int, brightest: float, target: dict[str, Any]) -> None:
        self.height, self.width, self.brightest = height, width, brightest
        self.target = Segmenter(**target)

    def encode(self, raw: list[Any], targets: list[str] | None = None) -> PairBatch:
        """Images as a batch (B, height * width), with these texts, or with empty ones: the end alone.

        Raises:
            ValueError: no image at all, one of another size or with numbers outside 0 to ``brightest``, or not as many
                texts.
        """
        if not len(raw):
            raise ValueError("there is no image to encode; expected at least one.")
        if targets is not None and len(targets) != len(raw):
            raise ValueError(f"there are {len(raw)} images and {len(targets)} texts; expected as many.")
        images = np.stack([self._image(item, number) for number, item in enumerate(raw)])
        ids = [self.target.ids(text) for text in targets or [""] * len(raw)]
        return EmissionRows(torch.from_numpy(images), *end_to_end(ids))[range(len(raw))]

    def decode_target(self, ids: Iterable[int]) -> str:
        """The text of token ids, up to the end token."""
        return self.target.text(ids)

    def target_tokens(self, ids: Iterable[int]) -> list[str]:
        """What stands at each step of a text."""
        return self.target.tokens(ids)

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        size = {"height": self.height, "width": self.width, "brightest": self.brightest}
        return {"codec": "image_text", **size, "target": self.target.state()}

    def _image(self, item: Any, number: int) -> np.ndarray:
        values = np.asarray(item, dtype=np.float32)
        if values.ndim != 2 or values.shape[0] != self.height or not 1 <= values.shape[1] <= self.width:
            raise ValueError(
                f"image {number} has shape {values.shape}; expected {self.height} lines of at most {self.width} "
                "numbers."
            )
        if not ((values >= 0) & (values <= self.brightest)).all():
            raise ValueError(f"image {number} has a number outside 0 to {self.brightest:g}, which is white.")
        return np.pad(values / self.brightest, [(0, 0), (0, self.width - values.shape[1])]).flatten()


@DATA.register(
    "digit_strip",
    description="images of several digits side by side, and their names in words: three one four",
    kind="emission",
    licence="CC BY 4.0 (digits), not stated (MNIST)",
    source=PICTURES,
)
class DigitStrip(GeneratedData):
    """Strips of ``shortest`` to ``longest`` digits from the left, composed of pictures that each split has for itself.

    Args:
        pictures: "digits", scikit-learn's of 8 x 8, which need no file, or "mnist", of 28 x 28.
        shortest, longest: digits of a strip.
        margin: a digit's place is so much higher and wider than its picture, which lies anywhere in it.
        training, validation, test: strips of each split; of training, in every pass.
        fresh: other strips to train on in every pass.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.
        data_seed: of the strips.
        dir: the folder with MNIST's files, if not the usual places.
        download: whether they may be fetched.

    Raises:
        UnknownName: no such pictures.
        ValueError: a number below what is possible.
    """

    kind = "emission"

    def __init__(
        self,
        pictures: Literal["digits", "mnist"] = "digits",
        shortest: int = 2,
        longest: int = 4,
        margin: int = 2,
        training: int = 5000,
        validation: int = 1000,
        test: int = 1000,
        fresh: bool = True,
        batch_size: int = 64,
        eval_batch_size: int | None = 250,
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
        if not 1 <= shortest <= longest or margin < 0:
            raise ValueError(
                f"shortest is {shortest}, longest {longest} and margin {margin}; expected shortest to be at least 1, "
                "longest at least as much, and margin at least 0."
            )
        self.pictures = pictures
        self.digits = (shortest, longest)
        self.margin = margin
        self.dir = dir
        self.download = download
        self._limit: int | None = None

    @property
    def spec(self) -> Spec:
        """An image in, words out."""
        side = SOURCES[self.pictures][0] + self.margin
        return Spec(
            kind="emission",
            input="real",
            input_size=side * side * self.digits[1],
            image=[side, side * self.digits[1]],
            output_size=FIRST + len(NAMES),
            padding_id=None,
            target_padding_id=PAD,
            begin=BEGIN,
            end=END,
            unknown=UNK,
            unit="word",
            streaming=False,
            version=self.version,
        )

    def codec_state(self) -> dict[str, Any]:
        """The state of an ``ImageTextCodec`` of images as bright as the pictures are published."""
        words = Segmenter("words", [*SPECIALS, *(SPACE + name for name in NAMES)])
        height, width = self.spec["image"]
        return ImageTextCodec(height, width, SOURCES[self.pictures][1], words.state()).state()

    @cached_property
    def images(self) -> Mapping[str, DigitImages]:
        """The pictures of each split."""
        return load_digit_images(self.pictures, limit=self._limit, directory=self.dir, download=self.download)

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> StripRows:
        """Strips of a split's pictures."""
        own, longest = self.images[split], self.digits[1]
        lengths = random.randint(self.digits[0], longest + 1, size=rows)
        numbers = random.randint(0, len(own.labels), size=(rows, longest))
        moves = random.randint(0, self.margin + 1, size=(rows, longest, 2))
        there = np.arange(longest) < lengths[:, None]  # (R, D)
        places = np.concatenate([np.where(there, numbers, -1)[..., None], moves], axis=2)
        return StripRows(self._canvases[split], places, FIRST + own.labels[numbers[there]], lengths)

    @cached_property
    def _canvases(self) -> dict[str, Canvas]:
        brightest = SOURCES[self.pictures][1]
        return {split: Canvas(own.pixels, brightest, self.margin) for split, own in self.images.items()}

    @classmethod
    def tiny(cls) -> DigitStrip:
        """Few strips of the first pictures."""
        data = cls(longest=3, training=24, validation=9, test=9, batch_size=8, eval_batch_size=4)
        data._limit = 100
        return data
