"""The adding problem: of a long row of random numbers two are marked; their sum is to be told at the end.

A step has a number drawn from 0 to 1 and a mark, 0 but at two places: one drawn from the first half of the row, one
from the second. Who always answers 1 has a mean squared error of 1/6, the variance of the sum of two such numbers.

Source: S. Hochreiter, J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9(8), 1997, section 5.4; in the form
of M. Arjovsky, A. Shah, Y. Bengio, "Unitary Evolution Recurrent Neural Networks", 2016, arXiv 1511.06464, section 4.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnzoo.contracts import Spec
from rnnzoo.data._batches import FlatSequences
from rnnzoo.data._generated import GeneratedData
from rnnzoo.data.digits import SeriesCodec
from rnnzoo.registry import DATA


def adding_rows(rows: int, length: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Rows of numbers and marks, and the sums of the marked numbers.

    Returns:
        (rows, length, 2) and (rows, 1), float32.
    """
    half = length // 2
    steps = np.zeros((rows, length, 2), dtype=np.float32)
    steps[..., 0] = random.random_sample((rows, length))
    places = np.stack([random.randint(0, half, size=rows), random.randint(half, length, size=rows)], axis=1)  # (R, 2)
    row = np.arange(rows)[:, None]
    steps[row, places, 1] = 1
    return steps, steps[row, places, 0].sum(axis=1, keepdims=True)


@DATA.register(
    "adding",
    description="the sum of two marked numbers of a long row (Hochreiter and Schmidhuber 1997, Arjovsky et al. 2016)",
    kind="value",
    licence="generated",
    source="",
)
class Adding(GeneratedData):
    """Rows of ``length`` steps of two channels, the numbers and the marks; the target is a sum from 0 to 2.

    Args:
        length: steps of a row, at least 2.
        training, validation, test: rows of each split; with ``fresh``, training rows of a pass.
        fresh: other training rows in every pass, as in the papers, where no row comes twice.
        data_seed: of the generator of all rows.
        batch_size, eval_batch_size, shuffle, seed, num_workers: as ``ZooData`` says.

    Raises:
        ValueError: ``length`` below 2, or a split's rows below 1.
    """

    kind = "value"

    def __init__(
        self,
        length: int = 200,
        training: int = 5000,
        validation: int = 1000,
        test: int = 1000,
        fresh: bool = True,
        batch_size: int = 50,
        shuffle: bool = True,
        data_seed: int = 0,
        eval_batch_size: int = 250,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        if length < 2:
            raise ValueError(f"length is {length}; expected at least 2, a place for a mark in each half.")
        super().__init__(
            rows=(training, validation, test), data_seed=data_seed, fresh=fresh, batch_size=batch_size,
            eval_batch_size=eval_batch_size, shuffle=shuffle, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        self.length = length

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> FlatSequences:
        """Rows and their sums."""
        return FlatSequences.of_equal_length(*adding_rows(rows, self.length, random))

    @property
    def spec(self) -> Spec:
        """Two channels in, one number out."""
        return Spec(
            kind="value",
            input="real",
            input_size=2,
            output_size=1,
            labels=["sum"],
            padding_id=None,
            streaming=False,
            version=self.version,
        )

    def codec_state(self) -> dict[str, Any]:
        """The state of a ``SeriesCodec`` of T pairs, number and mark."""
        return SeriesCodec(2).state()

    @classmethod
    def tiny(cls) -> Adding:
        """Few short rows."""
        return cls(length=8, training=64, validation=16, test=16, batch_size=16)
