"""Trials: each layer is trained with every one of a few settings, and validation decides which of them counts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rnnzoo.bench.errors import TableError
from rnnzoo.contracts import ResultRow


def check_trials(trials: Any, where: str) -> None:
    """Refuse trials that are no grid over arguments.

    Raises:
        TableError: not a mapping of lists, an empty list, a value twice, or a number that YAML reads as text.
    """
    if not isinstance(trials, dict):
        raise TableError(f"{where}: expected a mapping such as {{learning_rate: [3.0e-3, 1.0e-2]}}, got {trials!r}.")
    for key, values in trials.items():
        if not isinstance(values, list) or not values:
            raise TableError(f"{where}.{key}: expected a list of values to be tried, got {values!r}.")
        for value in values:
            if values.count(value) > 1:
                raise TableError(f"{where}.{key}: {value!r} stands there twice.")
            if isinstance(value, str) and _is_number(value):
                raise TableError(f"{where}.{key}: YAML reads {value} as text; write numbers with a point: 3.0e-3.")


def grid(trials: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values, the last argument's changing fastest; one empty trial where there are none."""
    return [dict(zip(trials, values, strict=True)) for values in itertools.product(*trials.values())]


def best_trial(
    rows: Sequence[ResultRow], trials: Mapping[str, Sequence[Any]], metric: str, mode: str
) -> tuple[list[ResultRow], int]:
    """Of one layer's and seed's ``rows``, those of the trial with the best ``metric`` on validation.

    What a trial did on the test sequences plays no part. Of equals the first in the table's order is chosen; one that
    diverged before it had a value is behind all others.

    Returns:
        The rows of that trial, and how many trials there are rows of.
    """
    found: list[tuple[float, list[ResultRow]]] = []
    for trial in grid(trials):
        own = [row for row in rows if row.trial == trial]
        if not own:
            continue
        values = [row.value for row in own if row.split == "validation" and row.metric == metric]
        worst = float("-inf")
        found.append(((values[0] if mode == "max" else -values[0]) if values else worst, own))
    if not found:
        return [], 0
    return max(found, key=lambda scored: scored[0])[1], len(found)  # max gives the first of equals


def spoken_trial(trial: Mapping[str, Any]) -> str:
    """``learning_rate=0.01, ...``."""
    return ", ".join(f"{key}={spoken_value(value)}" for key, value in trial.items())


def spoken_value(value: Any) -> str:
    """A value as YAML would have it: ``0.01``, ``true``, ``gru``."""
    return value if isinstance(value, str) else json.dumps(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
