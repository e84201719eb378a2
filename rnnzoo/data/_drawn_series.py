"""Made-up series for the tiny form of datasets."""

from __future__ import annotations

import numpy as np

from rnnzoo.data._series import Series


def drawn_series(
    steps: int,
    channels: int,
    *,
    period: float = 24.0,
    start: str | None = "2016-07-01",
    minutes: int = 60,
    name: str = "",
) -> Series:
    """Sines of one period with noise (T, C), drawn from a fixed seed; each channel has its own phase and level.

    Args:
        start: the first moment; ``None``: there are no times.
        minutes: from one moment to the next.
    """
    random = np.random.RandomState(sum(map(ord, name)))
    phase, level = random.uniform(0, 2 * np.pi, channels), random.uniform(5, 10, channels)
    wave = np.sin(2 * np.pi * np.arange(steps)[:, None] / period + phase)  # (T, C)
    times = None
    if start is not None:
        times = np.datetime64(start, "ns") + np.arange(steps) * minutes * np.timedelta64(60, "s")
    return Series(name, level + wave + 0.1 * random.standard_normal((steps, channels)), times)
