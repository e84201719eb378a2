"""A user's own series with a class each, from .ts, .tsv or .npz files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnnzoo.data._labelled_series import LabelledSeries
from rnnzoo.data._series_data import SeriesData
from rnnzoo.data._series_paths import SeriesPaths
from rnnzoo.data.ucr import made_up
from rnnzoo.registry import DATA


@DATA.register(
    "series_files",
    description="your own series with a class each: .ts, .tsv or .npz files; with missing values and times if need be",
    kind="label",
    licence="the user's",
    source="",
)
class SeriesFiles(SeriesData):
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
        self.paths = SeriesPaths(path, validation_path, test_path, validation, test, split_seed)

    def read(self) -> Mapping[str, Sequence[LabelledSeries]]:
        """The series of the files, split."""
        return self.paths.read()

    @classmethod
    def tiny(cls) -> SeriesFiles:
        """Made-up series; no file is read."""
        data = cls("tiny.ts", batch_size=4, eval_batch_size=4)
        data._given = made_up(24, ("slow", "quick"))
        return data
