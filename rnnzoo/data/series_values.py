"""A user's own series with numbers to be predicted from each, from .ts or .npz files."""

from __future__ import annotations

import numpy as np

from rnnzoo.data._labelled_series import LabelledSeries
from rnnzoo.data._series_paths import SeriesFromPaths
from rnnzoo.registry import DATA


@DATA.register(
    "series_values",
    description="your own series with numbers to be predicted from each: .ts (with targets) or .npz files",
    kind="value",
    licence="the user's",
    source="",
)
class SeriesValues(SeriesFromPaths):
    """Series from one file, split by seed, or from a file a split; the targets are learned standardised.

    Args:
        path: .ts with ``@targetLabel true``, also with .gz, as the TSER archive has them; or .npz with ``values``
            (R, T, D) and ``targets`` (R,) or (R, F), or with ``lengths`` (R,) and values (N, D); and ``times``.
        validation_path, test_path: files of these splits; without them, shares of ``path``:
        validation, test: these shares, drawn by ``split_seed``.
        normalize, form, time_unit: as ``SeriesData`` says.
        batch_size, eval_batch_size, shuffle, bucketing, seed, num_workers: as ``ZooData`` says.
        split_seed: of the shares.

    Raises:
        UnknownName: no such normalisation or form.
    """

    kind = "value"

    @classmethod
    def tiny(cls) -> SeriesValues:
        """Made-up series, their mean and their greatest value; no file is read."""
        data = cls("tiny.npz", batch_size=4, eval_batch_size=4)
        random, series = np.random.RandomState(0), []
        for row in range(24):
            values = 20 + 5 * random.randn(random.randint(4, 9), 1)
            targets = (float(values.mean()), float(values.max()))
            series.append(
                LabelledSeries(values, np.arange(len(values), dtype=np.float64), "", targets, f"made up, series {row}")
            )
        data._given = {"train": series[:12], "validation": series[12:18], "test": series[18:]}
        return data
