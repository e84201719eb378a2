"""Sums of sines, looked at at irregular times and with values missing at random; the class is how quickly they swing.

A made-up counterpart of what GRU-D (Che et al. 2018, arXiv 1606.01865), the phased LSTM (Neil et al. 2016, arXiv
1610.09513, section 3.1: frequencies told from irregular samples) and the continuous-time networks are for: without the
times, or with what is missing taken for zero, the classes run into each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnnzoo.data._base import SPLITS
from rnnzoo.data._checks import check_positive
from rnnzoo.data._labelled_series import LabelledSeries
from rnnzoo.data._series_data import SeriesData
from rnnzoo.registry import DATA

SINES = 2
"""How many are added up in a channel."""


def sine_series(
    rows: int, classes: int, channels: int, steps: tuple[int, int], missing: float, random: np.random.RandomState
) -> list[LabelledSeries]:
    """Series over a time from 0 to about 10.

    A channel of class k, from 0, is the sum of ``SINES`` sines with frequencies drawn from 0.1 * 2^k to 0.14 * 2^k,
    random phases and amplitudes from 0.5 to 1. Gaps between times are exponential; each value is missing with
    probability ``missing``, but the first of each series never is.
    """
    found: list[LabelledSeries] = []
    labels = random.randint(0, classes, size=rows)
    for label, length in zip(labels.tolist(), random.randint(steps[0], steps[1] + 1, size=rows), strict=True):
        gaps = random.exponential(10 / length, size=length)
        times = (gaps + 1e-3).cumsum()  # (T,), no two alike
        frequency = 0.1 * 2.0**label * random.uniform(1, 1.4, size=(SINES, 1, channels))
        phase = random.uniform(0, 2 * np.pi, size=(SINES, 1, channels))
        amplitude = random.uniform(0.5, 1, size=(SINES, 1, channels))
        values = (amplitude * np.sin(2 * np.pi * frequency * times[:, None] + phase)).sum(axis=0)  # (T, D)
        gone = random.random_sample(values.shape) < missing
        gone[0, 0] = False
        values[gone] = np.nan
        found.append(LabelledSeries(values, times, str(label), (), f"drawn series {len(found)}"))
    return found


@DATA.register(
    "irregular_sines",
    description="how quickly sums of sines swing that are seen at irregular times, with values missing",
    kind="label",
    licence="generated",
    source="",
)
class IrregularSines(SeriesData):
    """Series of irregular times with missing values; the classes are slow to quick swings.

    Args:
        classes: each twice as quick as the one before, at least 2.
        channels: of a series.
        shortest, longest: steps of a series.
        missing: the probability that a value is, from 0 up to 1.
        training, validation, test: series of each split.
        normalize, form, time_unit: as ``SeriesData`` says; in the form "values" nothing may be missing, and the times
            are not told.
        data_seed: of the one generator that draws training, validation and test series, in this order.
        batch_size, eval_batch_size, shuffle, bucketing, seed, num_workers: as ``ZooData`` says.

    Raises:
        UnknownName: no such normalisation or form.
        ValueError: numbers out of these ranges, or lengths that don't rise.
    """

    def __init__(
        self,
        classes: int = 4,
        channels: int = 2,
        shortest: int = 30,
        longest: int = 60,
        missing: float = 0.5,
        training: int = 2000,
        validation: int = 500,
        test: int = 500,
        normalize: str = "train",
        form: str = "observed",
        time_unit: float = 1.0,
        batch_size: int = 32,
        eval_batch_size: int | None = 250,
        shuffle: bool = True,
        bucketing: bool = True,
        data_seed: int = 0,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            normalize=normalize, form=form, time_unit=time_unit, batch_size=batch_size,
            eval_batch_size=eval_batch_size, shuffle=shuffle, bucketing=bucketing, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        check_positive(channels=channels, shortest=shortest, training=training, validation=validation, test=test)
        if classes < 2 or not 0 <= missing < 1 or shortest > longest:
            raise ValueError(
                f"classes is {classes}, missing {missing}, shortest {shortest} and longest {longest}; expected at "
                "least 2 classes, a probability below 1, and lengths that don't fall."
            )
        self.classes = classes
        self.channels = channels
        self.steps = (shortest, longest)
        self.missing = missing
        self.rows = dict(zip(SPLITS, (training, validation, test), strict=True))
        self.data_seed = data_seed

    def read(self) -> Mapping[str, Sequence[LabelledSeries]]:
        """Draw all three splits from one generator."""
        random = np.random.RandomState(self.data_seed)
        return {
            split: sine_series(rows, self.classes, self.channels, self.steps, self.missing, random)
            for split, rows in self.rows.items()
        }

    @classmethod
    def tiny(cls) -> IrregularSines:
        """Few short series."""
        return cls(
            classes=2, shortest=5, longest=9, training=32, validation=16, test=16, batch_size=8, eval_batch_size=8
        )
