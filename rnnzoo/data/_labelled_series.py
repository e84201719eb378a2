"""Series of real numbers with a class or numbers each, as a file has them, before they are normalised."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnnzoo.data._files import DamagedFile


class LabelledSeries(NamedTuple):
    """One series and what it is labelled with."""

    values: np.ndarray  # (T, D) float64, NaN where a value is missing
    times: np.ndarray  # (T,) float64, rising
    label: str  # its class; "" where it has numbers
    targets: tuple[float, ...]  # its numbers; empty where it has a class
    place: str  # where it is from, for messages: "FILE, line 7"


def check_times(times: np.ndarray, place: str) -> None:
    """Refuse times that are not finite, or do not rise.

    Raises:
        ValueError: says which two steps.
    """
    if not np.isfinite(times).all():
        step = int(np.flatnonzero(~np.isfinite(times))[0]) + 1
        raise ValueError(f"{place}: the time of step {step} is {times[step - 1]}; expected a finite number.")
    falls = np.flatnonzero(np.diff(times) <= 0)
    if len(falls):
        step = int(falls[0]) + 1
        raise ValueError(
            f"{place}: step {step} is at time {times[step - 1]:g} and step {step + 1} at {times[step]:g}; expected "
            "times that rise. Sort the steps, and join those of one time."
        )


def check_values(values: np.ndarray, place: str, *, gaps: bool) -> None:
    """Refuse values that are infinite, missing where none may be (NaN), or all missing.

    Raises:
        ValueError: says which step and channel, counted from 1.
    """
    bad = np.isinf(values) if gaps else ~np.isfinite(values)
    if bad.any():
        step, channel = (int(place) + 1 for place in np.argwhere(bad)[0])
        missing = np.isnan(values[bad]).all()
        advice = "; fill it in, or give form='observed', 'gap' or 'time' for inputs with masks" if missing else ""
        raise ValueError(
            f"{place}: channel {channel} is {'missing' if missing else values[step - 1, channel - 1]} at step {step}; "
            f"expected a finite number{advice}."
        )
    if values.size == 0 or np.isnan(values).all():
        raise ValueError(f"{place}: no value at all; expected at least one.")


def check_alike(series: Sequence[LabelledSeries], path: Path) -> None:
    """Refuse an empty file, and series of different numbers of channels or targets.

    Raises:
        DamagedFile: says which two.
    """
    if not series:
        raise DamagedFile(f"{path} has no series; expected at least one.")
    first = series[0]
    for one in series:
        for what, found, expected in (
            ("channel(s)", one.values.shape[1], first.values.shape[1]),
            ("target(s)", len(one.targets), len(first.targets)),
        ):
            if found != expected:
                raise DamagedFile(f"{one.place}: {found} {what}, {first.place} has {expected}; expected as many.")
