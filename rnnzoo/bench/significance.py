"""Whether two entries differ by more than their seeds do: t-tests, and Holm's correction for many of them.

Student (1908), The probable error of a mean; Welch (1947), The generalization of "Student's" problem when several
different population variances are involved; Holm (1979), A simple sequentially rejective multiple test procedure.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

PAIRED, WELCH = "paired", "Welch"
ROUNDING = 1e-9  # a spread below this share of the values is that of rounding


class Tested(NamedTuple):
    """What a test says of two entries."""

    how: str  # PAIRED, WELCH, or "" where there is none
    p: float | None  # two-sided; None where nothing can be said
    why: str = ""  # it cannot


def difference(a: Mapping[int, float], b: Mapping[int, float]) -> Tested:
    """Test whether the means of ``a`` and ``b`` (a value by seed) differ: in pairs where the seeds are the same.

    A seed chooses what is drawn on either side (data, initial weights), so the same seeds are pairs; of others Welch's
    test is made.
    """
    if min(len(a), len(b)) < 2:
        return Tested("", None, "one seed")
    if a.keys() == b.keys():
        return _paired([b[seed] - a[seed] for seed in a], max(map(abs, (*a.values(), *b.values()))))
    return _welch(list(a.values()), list(b.values()))


def _paired(differences: Sequence[float], scale: float) -> Tested:
    n, mean, spread = len(differences), statistics.fmean(differences), statistics.stdev(differences)
    if spread <= ROUNDING * scale:
        return _without_spread(PAIRED, mean, scale)
    return Tested(PAIRED, two_sided(mean / (spread / math.sqrt(n)), n - 1))


def _welch(a: Sequence[float], b: Sequence[float]) -> Tested:
    errors = [statistics.variance(values) / len(values) for values in (a, b)]  # squared, of each mean
    mean, scale = statistics.fmean(b) - statistics.fmean(a), max(map(abs, (*a, *b)))
    if math.sqrt(sum(errors)) <= ROUNDING * scale:
        return _without_spread(WELCH, mean, scale)
    freedom = sum(errors) ** 2 / sum(error**2 / (len(values) - 1) for error, values in zip(errors, (a, b), strict=True))
    return Tested(WELCH, two_sided(mean / math.sqrt(sum(errors)), freedom))


def _without_spread(how: str, mean: float, scale: float) -> Tested:
    """Equal values are no difference; values that differ and never vary leave nothing to measure it by."""
    return Tested(how, 1.0) if abs(mean) <= ROUNDING * scale else Tested("", None, "no spread")


def two_sided(t: float, freedom: float) -> float:
    """The probability of a t at least as far from 0, with ``freedom`` degrees of freedom."""
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(t)))


def holm(values: Sequence[float | None]) -> list[float | None]:
    """The p-values corrected for how many there are; None stays None and does not count."""
    known = sorted((value, place) for place, value in enumerate(values) if value is not None)
    corrected: list[float | None] = [None] * len(values)
    least = 0.0
    for rank, (value, place) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * value))
        corrected[place] = least
    return corrected
