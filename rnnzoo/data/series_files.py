"""A user's own series with a class each, from .ts, .tsv or .npz files."""

from __future__ import annotations

from rnnzoo.data._series_paths import SeriesFromPaths
from rnnzoo.data.ucr import made_up
from rnnzoo.registry import DATA


@DATA.register(
    "series_files",
    description="your own series with a class each: .ts, .tsv or .npz files; with missing values and times if need be",
    kind="label",
    licence="the user's",
    source="",
)
class SeriesFiles(SeriesFromPaths):
    """Series from one file, split by seed, or from a file a split.

    Args:
        path: .ts or .tsv, also with .gz, as the UCR and UEA archives have them; or .npz with ``values`` (R, T, D) and
            ``labels`` (R,), or with ``lengths`` (R,) and values (N, D), and possibly ``times``.
        validation_path, test_path: files of these splits; without them, shares of ``path``:
        validation, test: these shares, drawn by ``split_seed``.
        normalize, form, time_unit: as ``SeriesData`` says.
        batch_size, eval_batch_size, shuffle, bucketing, seed, num_workers: as ``ZooData`` says.
        split_seed: of the shares.

    Raises:
        UnknownName: no such normalisation or form.
    """

    @classmethod
    def tiny(cls) -> SeriesFiles:
        """Made-up series; no file is read."""
        data = cls("tiny.ts", batch_size=4, eval_batch_size=4)
        data._given = made_up(24, ("slow", "quick"))
        return data
