"""One number that was measured, and its aim."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Finding:
    """A median with its quartiles.

    Attributes:
        what: the number in words; with ``settings`` it names the measurement.
        unit: "s", "ratio", "share", ...
        at_most, at_least: the aim; None where there is none.
        holds: whether the median is within it; None without an aim.
    """

    what: str
    settings: dict[str, Any]
    value: float
    low: float
    high: float
    rounds: int
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    holds: bool | None = field(init=False)

    def __post_init__(self) -> None:
        aims = [self.value <= self.at_most] if self.at_most is not None else []
        aims += [self.value >= self.at_least] if self.at_least is not None else []
        self.holds = all(aims) if aims else None


def middle(what: str, values: Sequence[float], unit: str, settings: dict[str, Any], **aim: float) -> Finding:
    """The finding of values, one a round."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return Finding(what, settings, statistics.median(values), low, high, len(values), unit, **aim)


def shown(finding: Finding) -> str:
    """A line for the terminal."""
    verdict = {None: "", True: "holds", False: "MISSED"}[finding.holds]
    aim = f"<= {finding.at_most:g}" if finding.at_most is not None else ""
    aim += f">= {finding.at_least:g}" if finding.at_least is not None else ""
    about = ", ".join(f"{key} {value}" for key, value in finding.settings.items())
    quartiles = f"{finding.low:.3g}..{finding.high:.3g}"
    return f"  {finding.what:<52}{finding.value:>9.3g} {finding.unit:<8}{quartiles:<16}{aim:<8}{verdict:<8}({about})"
