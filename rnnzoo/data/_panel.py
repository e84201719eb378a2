"""Series into one standardised panel: means and deviations of the training parts alone, missing values carried on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from rnnzoo.data._borders import Ends
from rnnzoo.data._forecasts import Panel, in_minutes
from rnnzoo.data._series import Series, Table, carried_on


class Statistics(NamedTuple):
    """What turns values into standardised ones: (value - location) / scale."""

    location: np.ndarray  # (S, C), of each series
    scale: np.ndarray  # (S, C), above 0
    known_location: np.ndarray  # (K,), of all series together
    known_scale: np.ndarray  # (K,)


def statistics_of(table: Table, ends: Sequence[Ends]) -> Statistics:
    """Means and standard deviations of what is there in the training parts; a constant channel has scale 1.

    Raises:
        ValueError: a channel of a series has no value in the training part.
    """
    of_each = [
        mean_and_deviation(series.values[: end.train], table.columns, f"in the training part{of_series(series)}")
        for series, end in zip(table.series, ends, strict=True)
    ]
    known = [
        series.known[: end.train] for series, end in zip(table.series, ends, strict=True) if series.known is not None
    ]
    of_known = (
        mean_and_deviation(np.concatenate(known), table.known, "in the training part")
        if known
        else (np.zeros(0), np.ones(0))
    )
    return Statistics(np.stack([each[0] for each in of_each]), np.stack([each[1] for each in of_each]), *of_known)


def mean_and_deviation(values: np.ndarray, names: Sequence[str], where: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (divided by the number of rows) of each column of values (T, C), without NaN.

    Args:
        where: the values are from, for messages.

    Raises:
        ValueError: a column has no value at all.
    """
    there = ~np.isnan(values)
    for column in np.flatnonzero(~there.any(axis=0)).tolist():
        raise ValueError(f"{names[column]} has no value {where}; leave the column out.")
    mean = np.nanmean(values, axis=0)
    deviation = np.nanstd(values, axis=0)
    constant = np.nanmax(values, axis=0) == np.nanmin(values, axis=0)
    for column in np.flatnonzero(constant).tolist():
        warnings.warn(
            f"{names[column]} is {mean[column]:g} throughout {where.removeprefix('in ')}; its scale is 1.", stacklevel=2
        )
    return mean, np.where(constant, 1.0, deviation)


def seasonal_errors(table: Table, ends: Sequence[Ends], targets: int, season: int) -> list[list[float]] | None:
    """The mean of |y_t - y_(t - season)| over each series' training part, S x F in real units; ``None`` where one has
    no such pair of steps.

    Args:
        targets: F, the first columns are those to be forecast.
    """
    found = []
    for series, end in zip(table.series, ends, strict=True):
        values = series.values[: end.train, :targets]
        errors = np.abs(values[season:] - values[:-season])  # (T - season, F)
        if not len(errors) or np.isnan(errors).all(axis=0).any():
            return None
        found.append(np.nanmean(errors, axis=0).tolist())
    return found


def of_series(series: Series) -> str:
    """The series' name, for a message."""
    return f" of series '{series.name}'" if series.name else ""


def panel_of(table: Table, statistics: Statistics, *, targets: int, masked: Sequence[int], calendar: bool) -> Panel:
    """The table as a panel.

    Args:
        targets: F, the first columns are those to be forecast.
        masked: the columns that have missing values.
        calendar: whether the times are needed.

    Raises:
        ValueError: they are needed, and a series has none.
    """
    total = sum(len(series.values) for series in table.series)
    values = torch.empty(total, len(table.columns))  # (N, C)
    seen = torch.empty(total, len(masked), dtype=torch.bool)
    known = torch.empty(total, len(table.known))
    minutes = torch.empty(total if calendar else 0, dtype=torch.int32)
    begins, begin = [], 0
    for number, series in enumerate(table.series):
        end = begin + len(series.values)
        place = slice(begin, end)
        location, scale = statistics.location[number], statistics.scale[number]
        values[place] = torch.from_numpy(standardised(carried_on(series.values, location), location, scale))
        seen[place] = torch.from_numpy(~np.isnan(series.values[:, list(masked)]))
        if series.known is not None:
            known[place] = torch.from_numpy(
                standardised(series.known, statistics.known_location, statistics.known_scale)
            )
        if calendar:
            if series.times is None:
                raise ValueError(
                    f"a calendar is asked for, and {series.name or 'the series'} has no times; leave it out."
                )
            minutes[place] = torch.from_numpy(in_minutes(series.times))
        begins.append(begin)
        begin = end
    return Panel(
        values=values,
        seen=seen,
        masked=list(masked),
        known=known,
        minutes=minutes,
        begins=torch.tensor(begins),
        location=torch.from_numpy(statistics.location[:, :targets]).float(),
        scale=torch.from_numpy(statistics.scale[:, :targets]).float(),
        static=torch.tensor([series.static for series in table.series]).reshape(len(begins), len(table.static)).float(),
    )


def standardised(values: np.ndarray, location: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Values (T, C) less their location, divided by their scale, float32."""
    return ((values - location) / scale).astype(np.float32)
