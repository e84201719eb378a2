"""The frequency of times: inferred, held against the times themselves, and carried on beyond them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

SEASONS = {"D": 7, "B": 5, "W": 52, "7D": 52, "MS": 12, "ME": 12, "M": 12, "QS": 4, "QE": 4, "Q": 4, "3MS": 4, "3ME": 4}
"""Steps after which a series of this frequency is usually like itself: a day, a week or a year."""
SHOWN = 5
"""Of what is wrong, this many are shown in a message."""


class Gap(NamedTuple):
    """Rows that are not there: between row ``row - 1`` and row ``row``, ``steps`` of them; 0: a time off the grid."""

    row: int
    steps: int


def infer_frequency(times: np.ndarray) -> str | None:
    """The frequency of times (T,), in pandas' words ("h", "15min", "B", "MS"); ``None`` of fewer than three.

    Where the times have gaps, the frequency that most of the steps have: days without weekends are business days,
    times at the beginning (or the end) of months are months, all else is the most common difference.
    """
    import pandas as pd

    if len(times) < 3:
        return None
    index = pd.DatetimeIndex(times)
    steps, counts = np.unique(np.diff(times), return_counts=True)
    if len(steps) > 1 and (index == index.normalize()).all():
        months = np.diff(times.astype("datetime64[M]")).astype(int)
        several = "" if months.min() == 1 else str(months.min())
        if index.is_month_start.all():
            return f"{several}MS"
        if index.is_month_end.all():
            return several + str(pd.offsets.MonthEnd().freqstr)  # "ME"; before pandas 2.2 "M"
    step, day = pd.Timedelta(steps[counts.argmax()]), pd.Timedelta(days=1)
    if step == day and len(steps) > 1 and not np.isin(index.day_of_week, (5, 6)).any():
        return "B"
    if step % day == pd.Timedelta(0):
        return "D" if step == day else f"{step // day}D"
    return str(pd.tseries.frequencies.to_offset(step).freqstr)


def check_frequency(frequency: str) -> None:
    """Refuse what pandas does not know as a frequency.

    Raises:
        ValueError: as said.
    """
    import pandas as pd

    try:
        pd.tseries.frequencies.to_offset(frequency)
    except ValueError as error:
        raise ValueError(
            f"frequency is {frequency!r} ({error}); expected one of pandas', such as 'h', '15min', 'D', 'B' or 'MS'."
        ) from error


def grid(times: np.ndarray, frequency: str) -> np.ndarray:
    """The times from the first to the last of (T,) as the frequency has them."""
    import pandas as pd

    return pd.date_range(times[0], times[-1], freq=frequency).to_numpy(dtype="datetime64[ns]")


def find_gaps(times: np.ndarray, frequency: str) -> list[Gap]:
    """Where ascending times (T,) leave out steps of the frequency, or do not fall on one."""
    expected = grid(times, frequency)
    if len(expected) == len(times) and (expected == times).all():
        return []
    place = np.searchsorted(expected, times)  # (T,)
    on_grid = expected[np.minimum(place, len(expected) - 1)] == times if len(expected) else np.zeros(len(times), bool)
    gaps = [Gap(int(row), 0) for row in np.flatnonzero(~on_grid)]
    steps = np.diff(place) - 1  # (T - 1,)
    gaps += [Gap(int(row) + 1, int(steps[row])) for row in np.flatnonzero((steps > 0) & on_grid[1:] & on_grid[:-1])]
    return sorted(gaps)


def next_times(last: np.datetime64, frequency: str, steps: int) -> pd.DatetimeIndex:
    """The ``steps`` times that follow ``last``."""
    import pandas as pd

    found = pd.date_range(last, periods=steps + 1, freq=frequency)
    if found[0] > pd.Timestamp(last):  # the last time itself is off the grid
        return found[:steps]
    return found[1:]


def usual_season(frequency: str | None) -> int:
    """The steps of a day (below a day), a week (of days) or a year (above); 1 where that is none or not known."""
    import pandas as pd

    if frequency is None:
        return 1
    name = frequency.partition("-")[0]
    if name in SEASONS:
        return SEASONS[name]
    try:
        step = pd.Timedelta(pd.tseries.frequencies.to_offset(frequency))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return 1
    day = pd.Timedelta(days=1)
    return int(day / step) if step < day and day % step == pd.Timedelta(0) else 1
