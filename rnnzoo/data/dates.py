"""Dates as people write them, to be written as ISO 8601 has them: a sequence for a sequence, by characters.

The languages, the orders and the abbreviations are many, the answer is always year, month and day: where to look
changes with every example, which is what attention is for. After the example of A. Ng's course on sequence models and
of the Keras and PyTorch texts that follow it; the formats and the drawing are this project's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np

from rnnzoo.data._date_formats import FORMATS, written_characters
from rnnzoo.data._pair_data import DrawnPairs, PairTexts
from rnnzoo.data._segmenters import SPACE, SPECIALS, Segmenter
from rnnzoo.registry import DATA, unknown

FIRST, LAST = date(1950, 1, 1), date(2049, 12, 31)
DAYS = (LAST - FIRST).days + 1
ISO = "0123456789-"


@DATA.register(
    "dates",
    description="dates in many formats and seven languages, to be written as ISO 8601 has them, by characters",
    kind="pair",
    licence="generated",
    source="",
)
class Dates(DrawnPairs):
    """Every row has another day of 1950 to 2049, so no target of one split is in another.

    Args:
        languages: which of "en", "de", "fr", "es", "ru", "ar", "zh" and "numbers"; each row is of one of them, as
            likely each, in one of its formats.
        training, validation, test: rows of each split.
        data_seed: of the days, languages and formats.
        batch_size, eval_batch_size, shuffle, bucketing, seed, num_workers: as ``ZooData`` says.

    Raises:
        UnknownName: no such language.
        ValueError: no language, a split without rows, or more rows than there are days.
    """

    def __init__(
        self,
        languages: tuple[str, ...] = tuple(FORMATS),
        training: int = 10_000,
        validation: int = 1000,
        test: int = 1000,
        batch_size: int = 128,
        shuffle: bool = True,
        bucketing: bool = False,
        data_seed: int = 0,
        eval_batch_size: int = 250,
        seed: int = 0,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            rows=(training, validation, test),
            data_seed=data_seed,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            shuffle=shuffle,
            bucketing=bucketing,
            seed=seed,
            num_workers=num_workers,
        )
        for language in languages:
            if language not in FORMATS:
                raise unknown("language", language, FORMATS)
        if not languages:
            raise ValueError(f"languages is empty; expected at least one of {', '.join(FORMATS)}.")
        self.languages = tuple(languages)
        if sum(self.rows.values()) > DAYS:
            raise ValueError(
                f"{sum(self.rows.values())} rows are asked for and there are {DAYS} days from {FIRST} to {LAST}, one "
                "a row; ask for fewer."
            )

    def segmenters(self) -> tuple[Segmenter, Segmenter]:
        """Every character that any language's formats have; digits and hyphens."""
        sources = Segmenter("characters", [*SPECIALS, SPACE, *written_characters()])
        return sources, Segmenter("characters", [*SPECIALS, *ISO])

    def texts(self) -> Mapping[str, PairTexts]:
        """Draw all days, then each one's language and format."""
        random = self.random()
        days = random.permutation(DAYS)
        found, begin = {}, 0
        for split, rows in self.rows.items():
            part = [FIRST + timedelta(days=int(number)) for number in days[begin : begin + rows]]
            begin += rows
            found[split] = PairTexts([self._write(day, random) for day in part], [day.isoformat() for day in part])
        return found

    def _write(self, day: date, random: np.random.RandomState) -> str:
        formats = FORMATS[self.languages[random.randint(len(self.languages))]]
        return formats[random.randint(len(formats))](day)

    @classmethod
    def tiny(cls) -> Dates:
        """Few rows."""
        return cls(training=64, validation=16, test=16, batch_size=16)
