"""The UCR and UEA archives of labelled time series: a set by its name, with its official training and test series.

H. A. Dau et al., "The UCR Time Series Archive", 2018, arXiv 1810.07758; A. Bagnall et al., "The UEA multivariate time
series classification archive", 2018, arXiv 1811.00075. Most univariate sets come normalised, each series by itself;
multivariate ones do not. 1-NN with dynamic time warping is the archive's yardstick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rnnzoo.data._files import DamagedFile, MissingData, find, places
from rnnzoo.data._labelled_series import LabelledSeries
from rnnzoo.data._labelled_series_files import read_series
from rnnzoo.data._series_data import SeriesData, hold_out
from rnnzoo.data._tables import read_text
from rnnzoo.registry import DATA

SOURCE = "https://www.timeseriesclassification.com"
SHA256 = {
    "BasicMotions_TEST.ts": "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc",
    "BasicMotions_TRAIN.ts": "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6",
    "GunPoint_TEST.ts": "79332750788a6227b325b96bd0d70130c8eb707b9731f8d7dec62b7a7d36017e",
    "GunPoint_TRAIN.ts": "f842401779fd9800d247d8b33121a1a4643710a19b24917dbdd9a060ca8630d5",
    "ItalyPowerDemand_TEST.ts": "26122451f87dd0387ef90b18bc8a86c041371b8a1c068004922b939971247144",
    "ItalyPowerDemand_TRAIN.ts": "341269cb7e6cef96846b30e774580beec79addb93848ba360145219115a74b7c",
    "JapaneseVowels_TEST.ts": "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    "JapaneseVowels_TRAIN.ts": "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
}
"""Of the unpacked files of some sets; those of other sets are taken as they are."""


@DATA.register(
    "ucr",
    description="a set of the UCR or UEA archive of labelled time series, by its name",
    kind="label",
    licence="not stated; cite the archive (Dau et al. 2018, Bagnall et al. 2018)",
    source=SOURCE,
)
class Ucr(SeriesData):
    """One set of the archive, such as GunPoint, with its official split.

    Takes ``NAME_TRAIN.ts`` and ``NAME_TEST.ts``, or the same as .tsv, possibly gzipped, from ``dir`` (or, without it,
    from ``$RNNZOO_DATA`` and the cache), there from a folder ``ucr/NAME`` or ``NAME``. It does not download them: the
    archive has one zip a set.

    Args:
        set: its name in the archive.
        normalize, form, time_unit: as ``SeriesData`` says.
        validation: this share of the training series, drawn by ``split_seed``; 0, as is usual with sets as small as
            these: none is held out, and the validation series are the training series.
        batch_size, eval_batch_size, shuffle, bucketing, seed, num_workers: as ``ZooData`` says.
        split_seed: of the validation share.
        dir: the folder that has the set's folder.

    Raises:
        UnknownName: no such normalisation or form.
    """

    def __init__(
        self,
        set: str = "GunPoint",
        normalize: str = "train",
        form: str = "values",
        time_unit: float = 1.0,
        validation: float = 0.0,
        batch_size: int = 16,
        eval_batch_size: int | None = 256,
        shuffle: bool = True,
        bucketing: bool = True,
        seed: int = 0,
        split_seed: int = 0,
        dir: str | None = None,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            normalize=normalize, form=form, time_unit=time_unit, batch_size=batch_size,
            eval_batch_size=eval_batch_size, shuffle=shuffle, bucketing=bucketing, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        self.set = set
        self.validation = validation
        self.split_seed = split_seed
        self.dir = dir

    def file(self, part: str) -> Path:
        """The file of "TRAIN" or "TEST".

        Raises:
            MissingData: there is none; says where it was looked for.
            DamagedFile: it is not the archive's, where that is known.
        """
        names = [f"{self.set}_{part}{ending}" for ending in (".ts", ".ts.gz", ".tsv", ".tsv.gz")]
        where = [folder for place in places("ucr", self.dir) for folder in (place / self.set, place)]
        found = find(where, names)
        if found is None:
            raise MissingData(
                f"no {' or '.join(names)} in {', '.join(map(str, where))}. Unpack {self.set}.zip of {SOURCE} into a "
                f"folder ucr/{self.set} and set RNNZOO_DATA to the folder that holds ucr, or give dir."
            )
        expected = SHA256.get(found.name.removesuffix(".gz"))
        if expected is not None and hashlib.sha256(read_text(found).encode()).hexdigest() != expected:
            raise DamagedFile(f"{found} is not the archive's: its content has another SHA-256 than {expected}.")
        return found

    def read(self) -> Mapping[str, Sequence[LabelledSeries]]:
        """The official series, and those held out for validation."""
        training = read_series(self.file("TRAIN"))
        return {**hold_out(training, self.validation, self.split_seed), "test": read_series(self.file("TEST"))}

    @classmethod
    def tiny(cls) -> Ucr:
        """Made-up series of two channels and three classes; no file is read."""
        data = cls("tiny", batch_size=4, eval_batch_size=4)
        data._given = made_up(24, ("1", "2", "10"))
        return data


def made_up(rows: int, classes: Sequence[str]) -> dict[str, list[LabelledSeries]]:
    """Half of the series to train on and a quarter each for validation and test; rising waves, quicker by class."""
    random = np.random.RandomState(0)
    series = []
    for row in range(rows):
        kind, steps = row % len(classes), random.randint(6, 10)
        times = np.arange(steps, dtype=np.float64)
        wave = np.sin((1 + kind) * times[:, None] + random.rand(2)) + 0.1 * random.randn(steps, 2)
        series.append(LabelledSeries(wave, times, classes[kind], (), f"made up, series {row}"))
    half, quarter = rows // 2, rows // 4
    return {
        "train": series[:half], "validation": series[half : half + quarter], "test": series[half + quarter :],
    }  # fmt: skip
