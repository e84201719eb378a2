"""The exponent with which a time grows: the slope of a line through its logarithms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


def exponents(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], float]:
    """By layer and by what grows; each row has the time at one size, and that of its smallest size as the baseline.

    The smallest size itself is left out where there are two others: there what does not grow still counts.
    """
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows:
        settings = row["settings"]
        first = float(row["baseline"].rpartition("=")[2])
        found = points.setdefault((settings["cell"], settings["along"]), [(first, row["baseline_seconds"])])
        found.append((float(settings[settings["along"]]), row["seconds"]))
    return {key: slope(sorted(found)[1:] if len(found) > 2 else sorted(found)) for key, found in points.items()}


def slope(points: list[tuple[float, float]]) -> float:
    """Of the line of least squares through log y against log x."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)
