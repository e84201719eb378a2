"""What datasets drawn by a seeded generator share: one generator for all splits, or new training rows in every pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from rnnzoo.data._base import SPLITS, ZooData
from rnnzoo.data._batches import FILLER, Rows
from rnnzoo.data._checks import check_positive


class FreshRows(Rows):
    """Rows without end, R to a pass: pass n has the rows n R to n R + R - 1, drawn from (seed, n) alone.

    So a row is the same in every process, and in a training that goes on from a checkpoint. Each process draws the
    whole pass when it asks for its first row, and keeps it until it asks for one of another.

    Args:
        rows: R.
        draw: draws the R rows of a pass.
        seed: of all of them.

    Attributes:
        lengths: those of the first pass, by which bucketing goes in all of them.
    """

    def __init__(self, rows: int, draw: Callable[[np.random.RandomState], Rows], seed: int) -> None:
        self.rows = rows
        self.draw = draw
        self.seed = seed
        self._drawn, self._pass = self._rows_of(0), 0
        self.lengths = self._drawn.lengths

    def __len__(self) -> int:
        return self.rows

    def first_row(self, epoch: int) -> int:
        """n R."""
        return epoch * self.rows

    def __getitem__(self, rows: Sequence[int]) -> Any:
        """The rows as one batch; ``FILLER`` rows have weight 0.

        Raises:
            ValueError: they are of several passes.
        """
        passes = {row // self.rows for row in rows if row != FILLER}
        if len(passes) > 1:
            raise ValueError(f"the rows {sorted(rows)[:8]} are of the passes {sorted(passes)}; expected rows of one.")
        for number in passes - {self._pass}:
            self._drawn, self._pass = self._rows_of(number), number
        return self._drawn[[row if row == FILLER else row % self.rows for row in rows]]

    def _rows_of(self, number: int) -> Rows:
        return self.draw(np.random.RandomState([self.seed, number]))


class GeneratedData(ZooData):
    """Rows drawn by a generator: the same seed gives the same rows.

    A concrete dataset says its spec and its codec, and draws the rows of a split (``draw``).

    Args:
        rows: rows of the training, validation and test split; with ``fresh``, training rows of a pass.
        data_seed: of the one generator that draws the splits, in this order.
        fresh: other training rows in every pass, without end; validation and test rows are drawn once all the same.
        loading: the arguments of ``ZooData``.

    Raises:
        ValueError: a split of less than one row.
    """

    kind: ClassVar[str] = "label"
    version: ClassVar[int] = 1

    def __init__(self, *, rows: tuple[int, int, int], data_seed: int, fresh: bool = False, **loading: Any) -> None:
        super().__init__(**loading)
        check_positive(**dict(zip(("training", "validation", "test"), rows, strict=True)))
        self.rows = dict(zip(SPLITS, rows, strict=True))
        self.data_seed = data_seed
        self.fresh = fresh

    def draw(self, split: str, rows: int, random: np.random.RandomState) -> Rows:
        """The rows of a split."""
        raise NotImplementedError(f"{type(self).__name__} does not draw its rows.")

    @property
    def data_version(self) -> str:
        """The version of the recipe."""
        return f"{self.version}"

    def build_splits(self) -> dict[str, Rows]:
        """Draw all splits from one generator; but the training rows each pass by itself where they are fresh."""
        random, rows = np.random.RandomState(self.data_seed), dict(self.rows)
        splits: dict[str, Rows] = {}
        if self.fresh:
            training = rows.pop("train")
            splits["train"] = FreshRows(training, lambda own: self.draw("train", training, own), self.data_seed)
        return splits | {split: self.draw(split, number, random) for split, number in rows.items()}
