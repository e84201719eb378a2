"""Where a moment stands in the day, the week, the month and the year: a sine and a cosine each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rnnzoo.registry import unknown

MINUTES_A_DAY = 1440
PERIODS = {"hour": MINUTES_A_DAY, "weekday": 7, "day": 31, "month": 12, "yearday": 366}
"""Steps in a full turn: minutes of a day, days of a week (from Monday), a month and a year, months of a year."""


def check_calendar(names: Sequence[str]) -> None:
    """Refuse what is no feature of the calendar, and one that is there twice.

    Raises:
        UnknownName: lists near misses.
        ValueError: as said.
    """
    for name in names:
        if name not in PERIODS:
            raise unknown("calendar feature", name, PERIODS)
    if len(set(names)) != len(names):
        raise ValueError(f"calendar is {', '.join(names)}; expected each feature once.")


def calendar_features(minutes: np.ndarray, names: Sequence[str]) -> Tensor:
    """Sine and cosine of each feature (..., 2 * len(names)), float32, of minutes since the beginning of 1970 (...)."""
    places = calendar_places(minutes, names)
    return torch.cat([turns(name)[torch.from_numpy(places[name])] for name in names], dim=-1)


def calendar_places(minutes: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The place of each moment in the turn of each feature, from 0."""
    minutes = minutes.astype(np.int64)
    days = minutes // MINUTES_A_DAY  # since 1970
    dates = days.astype("datetime64[D]")
    found = {}
    for name in names:
        if name == "hour":
            found[name] = minutes % MINUTES_A_DAY
        elif name == "weekday":
            found[name] = (days + 3) % 7  # 1970 began on a Thursday
        elif name == "month":
            found[name] = dates.astype("datetime64[M]").astype(np.int64) % 12
        else:
            begins = dates.astype("datetime64[M]" if name == "day" else "datetime64[Y]").astype("datetime64[D]")
            found[name] = days - begins.astype(np.int64)
    return found


def turns(name: str) -> Tensor:
    """Sine and cosine of every place in the turn of a feature (P, 2)."""
    angle = 2 * torch.pi * torch.arange(PERIODS[name], dtype=torch.float64) / PERIODS[name]
    return torch.stack([angle.sin(), angle.cos()], dim=-1).float()
