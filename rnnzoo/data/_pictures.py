"""Pictures as sequences: line by line, pixel by pixel, in a fixed disorder, or line by line with noise behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rnnzoo.contracts import SequenceBatch
from rnnzoo.data._batches import FILLER, Rows
from rnnzoo.data._checks import check_positive
from rnnzoo.registry import CODECS, unknown

FORMS = ("rows", "pixels", "permuted", "noise")
BRIGHTEST = 255


@CODECS.register("pictures")
class PictureCodec:
    """Grey pictures of ``height`` x ``width`` numbers from 0 to 255 as sequences of numbers from 0 to 1.

    Args:
        height, width: of every picture.
        form: "rows": a line a step; "pixels": a pixel a step, line by line; "permuted": as "pixels", in an order drawn
            once by ``permutation_seed`` for all pictures; "noise": as "rows", and behind them standard normal noise, up
            to ``steps``.
        permutation_seed: of the order.
        steps: of the form "noise".
        noise_seed: of the noise; each picture has its own, drawn from the seed and the picture's number.

    Raises:
        UnknownName: another form.
        ValueError: a size below 1, or no step left for noise.
    """

    def __init__(
        self,
        height: int,
        width: int,
        form: str = "pixels",
        permutation_seed: int = 0,
        steps: int = 1000,
        noise_seed: int = 0,
    ) -> None:
        check_positive(height=height, width=width)
        if form not in FORMS:
            raise unknown("form", form, FORMS)
        if form == "noise" and steps <= height:
            raise ValueError(f"steps is {steps}; expected more than the {height} lines of a picture.")
        self.height, self.width = height, width
        self.form = form
        self.permutation_seed = permutation_seed
        self.steps = steps
        self.noise_seed = noise_seed
        self.order = np.random.RandomState(permutation_seed).permutation(height * width)

    @property
    def channels(self) -> int:
        """Numbers a step."""
        return self.width if self.form in ("rows", "noise") else 1

    @property
    def length(self) -> int:
        """Steps of a sequence."""
        return {"rows": self.height, "noise": self.steps}.get(self.form, self.height * self.width)

    def encode(self, raw: list[Any]) -> SequenceBatch:
        """Pictures (height, width), or their numbers in a row, as a batch (B, T, I); the noise is that of 0, 1, ...

        Raises:
            ValueError: nothing to encode, a picture of another size, or a number outside 0 to 255.
        """
        if not len(raw):
            raise ValueError("there is no picture to encode; expected at least one.")
        pictures = np.stack([self._picture(item, number) for number, item in enumerate(raw)])
        inputs = self.sequences(pictures, range(len(pictures)))
        rows = len(pictures)
        return SequenceBatch(
            inputs=inputs,
            lengths=torch.full((rows,), self.length),
            targets=torch.zeros(rows, dtype=torch.int64),
            weights=torch.ones(rows),
            starts=torch.ones(rows, dtype=torch.bool),
        )

    def state(self) -> dict[str, Any]:
        """Primitives from which the codec is rebuilt."""
        return {
            "codec": "pictures", "height": self.height, "width": self.width, "form": self.form,
            "permutation_seed": self.permutation_seed, "steps": self.steps, "noise_seed": self.noise_seed,
        }  # fmt: skip

    def sequences(self, pictures: np.ndarray, numbers: Sequence[int]) -> torch.Tensor:
        """Pictures (B, height, width) as (B, T, I) float32; ``numbers`` are the pictures' own, for the noise."""
        grey = pictures.astype(np.float32) / np.float32(BRIGHTEST)
        if self.form == "pixels":
            grey = grey.reshape(len(grey), -1, 1)
        elif self.form == "permuted":
            grey = grey.reshape(len(grey), -1, 1)[:, self.order]
        elif self.form == "noise":
            grey = np.concatenate([grey, np.stack([self._noise(number) for number in numbers])], axis=1)
        return torch.from_numpy(grey)

    def _noise(self, number: int) -> np.ndarray:
        """(steps - height, width): a stream of random numbers of its own for each picture."""
        bits = np.random.Philox(key=self.noise_seed, counter=[0, 0, 0, number])
        return np.random.Generator(bits).standard_normal((self.steps - self.height, self.width), dtype=np.float32)

    def _picture(self, item: Any, number: int) -> np.ndarray:
        values = np.asarray(item, dtype=np.float64)
        if values.size != self.height * self.width:
            raise ValueError(
                f"picture {number} has shape {values.shape}; expected {self.height} x {self.width} numbers."
            )
        if not ((values >= 0) & (values <= BRIGHTEST)).all():
            raise ValueError(f"picture {number} has a number outside 0 to {BRIGHTEST}; expected brightness as bytes.")
        return values.reshape(self.height, self.width)


class PictureRows(Rows):
    """Labelled pictures, kept as bytes; a batch's sequences are made when it is asked for.

    Args:
        pictures: (R, height, width) uint8.
        labels: (R,).
        codec: what makes sequences of them.
        first: the number of the first picture, which its noise depends on.
    """

    def __init__(self, pictures: np.ndarray, labels: np.ndarray, codec: PictureCodec, first: int) -> None:
        self.pictures = pictures
        self.labels = torch.from_numpy(labels.astype(np.int64))
        self.codec = codec
        self.first = first
        self.lengths = torch.full((len(pictures),), codec.length)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, rows: Sequence[int]) -> SequenceBatch:
        """The rows as one batch; ``FILLER`` rows have one step of zeros and weight 0."""
        index = np.asarray(rows, dtype=np.int64)
        filler = torch.from_numpy(index == FILLER)
        index = np.where(index == FILLER, 0, index)
        inputs = self.codec.sequences(self.pictures[index], (self.first + index).tolist())
        return SequenceBatch(
            inputs=inputs.masked_fill_(filler[:, None, None], 0),
            lengths=self.lengths[torch.from_numpy(index)].masked_fill_(filler, 1),
            targets=self.labels[torch.from_numpy(index)].masked_fill_(filler, 0),
            weights=(~filler).float(),
            starts=torch.ones(len(index), dtype=torch.bool),
        )
