"""The splits of a user's series: a file a split, or shares of one file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rnnzoo.data._labelled_series import LabelledSeries
from rnnzoo.data._labelled_series_files import read_series
from rnnzoo.data._shares import draw_shares


class SeriesPaths:
    """Files of series.

    Args:
        path: of the training series, and of those that shares are drawn from.
        validation_path, test_path: of these splits, if they have files of their own.
        validation, test: shares of ``path`` for those that have none.
        split_seed: of the shares.
    """

    def __init__(
        self,
        path: str,
        validation_path: str | None,
        test_path: str | None,
        validation: float,
        test: float,
        split_seed: int,
    ) -> None:
        given = {"train": path, "validation": validation_path, "test": test_path}
        self.files = {split: Path(os.path.expanduser(file)) for split, file in given.items() if file is not None}
        shares = {"validation": validation, "test": test}
        self.shares = {split: share for split, share in shares.items() if split not in self.files}
        self.split_seed = split_seed

    def read(self) -> dict[str, Sequence[LabelledSeries]]:
        """The series of each split.

        Raises:
            MissingData, DamagedFile, ValueError: see ``read_series`` and ``draw_shares``.
        """
        series: dict[str, Sequence[LabelledSeries]] = {split: read_series(path) for split, path in self.files.items()}
        whole = series["train"]
        for split, rows in draw_shares(len(whole), self.shares, self.split_seed).items():
            series[split] = [whole[i] for i in rows]
        return series
