"""A user's own series: a file a split, or shares of one file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnnzoo.data._labelled_series import LabelledSeries
from rnnzoo.data._labelled_series_files import read_series
from rnnzoo.data._series_data import SeriesData
from rnnzoo.data._shares import draw_shares


class SeriesFromPaths(SeriesData):
    """Series from one file, split by seed, or from a file a split.

    Args:
        path: of the training series, and of those that shares are drawn from.
        validation_path, test_path: of these splits, if they have files of their own.
        validation, test: shares of ``path`` for those that have none.
        normalize, form, time_unit: as ``SeriesData`` says.
        batch_size, eval_batch_size, shuffle, bucketing, seed, num_workers: as ``ZooData`` says.
        split_seed: of the shares.
    """

    def __init__(
        self,
        path: str,
        validation_path: str | None = None,
        test_path: str | None = None,
        validation: float = 0.15,
        test: float = 0.15,
        normalize: str = "train",
        form: str = "values",
        time_unit: float = 1.0,
        batch_size: int = 32,
        eval_batch_size: int | None = 256,
        shuffle: bool = True,
        bucketing: bool = True,
        seed: int = 0,
        split_seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            normalize=normalize, form=form, time_unit=time_unit, batch_size=batch_size,
            eval_batch_size=eval_batch_size, shuffle=shuffle, bucketing=bucketing, seed=seed, num_workers=num_workers,
        )  # fmt: skip
        given = {"train": path, "validation": validation_path, "test": test_path}
        self.files = {split: Path(os.path.expanduser(file)) for split, file in given.items() if file is not None}
        shares = {"validation": validation, "test": test}
        self.shares = {split: share for split, share in shares.items() if split not in self.files}
        self.split_seed = split_seed

    def read(self) -> Mapping[str, Sequence[LabelledSeries]]:
        """The series of each split.

        Raises:
            MissingData, DamagedFile, ValueError: see ``read_series`` and ``draw_shares``.
        """
        series: dict[str, Sequence[LabelledSeries]] = {split: read_series(path) for split, path in self.files.items()}
        whole = series["train"]
        for split, rows in draw_shares(len(whole), self.shares, self.split_seed).items():
            series[split] = [whole[i] for i in rows]
        return series
