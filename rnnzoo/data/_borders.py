"""Where, in time, training ends, validation ends and the test ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnnzoo.data._series import Series


class Ends(NamedTuple):
    """The rows of one series at which its training, validation and test part end."""

    train: int
    validation: int
    test: int


class Counts(NamedTuple):
    """So many rows of each part, from the first row on; what follows is left out."""

    train: int
    validation: int
    test: int

    def of(self, series: Sequence[Series]) -> list[Ends]:
        """The ends for each series.

        Raises:
            ValueError: a series is shorter.
        """
        for each in series:
            if len(each.values) < sum(self):
                named = each.path or each.name or "the series"
                raise ValueError(
                    f"{named} has {len(each.values)} rows; expected {sum(self)} at least: {self.train} for "
                    f"training, {self.validation} for validation and {self.test} for the test."
                )
        return [Ends(self.train, self.train + self.validation, sum(self)) for _ in series]


class Shares(NamedTuple):
    """The last rows are the test, those before them validation; of several series with times, by the same times."""

    validation: float
    test: float

    def of(self, series: Sequence[Series]) -> list[Ends]:
        """The ends for each series, rounded as the published tables do: training and test are rounded down."""
        times = [each.times for each in series if each.times is not None]
        if len(series) == 1 or len(times) < len(series):
            return [self._ends(len(each.values)) for each in series]
        joint: np.ndarray = np.unique(np.concatenate(times))
        ends = self._ends(len(joint))
        first_of = [joint[min(end, len(joint) - 1)] for end in ends[:2]]
        return [_at(first_of, each) for each in series]

    def _ends(self, rows: int) -> Ends:
        test = int(rows * self.test)
        return Ends(int(rows * (1 - self.validation - self.test) + 1e-9), rows - test, rows)


class Dates(NamedTuple):
    """The first moment of the validation part and of the test."""

    validation: str
    test: str

    def of(self, series: Sequence[Series]) -> list[Ends]:
        """The ends for each series.

        Raises:
            ValueError: a series has no times.
        """
        for each in series:
            if each.times is None:
                raise ValueError(
                    f"the borders are the dates {self.validation} and {self.test}, and {each.name or 'the series'} has "
                    "no times; give shares, such as validation=0.1 and test=0.2."
                )
        return [_at([_moment(self.validation), _moment(self.test)], each) for each in series]


def borders(validation: float | str, test: float | str) -> Shares | Dates:
    """Shares of the rows, or the dates at which the parts begin.

    Raises:
        ValueError: one of each, shares that leave nothing, or dates that are none or not in order.
    """
    if isinstance(validation, str) and isinstance(test, str):
        if not _moment(validation) < _moment(test):
            raise ValueError(f"validation begins {validation} and the test {test}; expected the test to be later.")
        return Dates(validation, test)
    if isinstance(validation, str) or isinstance(test, str):
        raise ValueError(
            f"validation is {validation!r} and test {test!r}; expected two shares of the rows (0.1 and 0.2) or two "
            "dates at which the parts begin."
        )
    if not (validation > 0 and test > 0 and validation + test < 1):
        raise ValueError(f"validation is {validation} and test {test}; expected shares above 0, less than 1 together.")
    return Shares(validation, test)


def _at(first_of: Sequence[np.datetime64], series: Series) -> Ends:
    """The ends of a series whose validation and test part begin at these times."""
    train, validation = (int(row) for row in np.searchsorted(series.times, first_of))  # type: ignore[arg-type]
    return Ends(train, validation, len(series.values))


def _moment(date: str) -> np.datetime64:
    import pandas as pd

    try:
        return pd.Timestamp(date).to_datetime64()
    except ValueError as error:
        raise ValueError(f"{date!r} is no date ({error}); expected one such as '2017-10-20'.") from error
