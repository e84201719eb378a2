"""From result rows to one line an entry and variant: mean and spread over seeds, beside the reference values."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rnnzoo.bench.table import Reference, Table
from rnnzoo.contracts import ResultRow


@dataclass(frozen=True)
class Measured:
    """A metric's mean over seeds."""

    mean: float
    spread: float | None  # standard deviation over the seeds (n - 1); None for one seed
    n: int  # seeds
    unit: str

    def __str__(self) -> str:
        return f"{self.mean:.3f}" + (f" ± {self.spread:.3f}" if self.spread is not None else "")


@dataclass(frozen=True)
class Line:
    """One entry at one variant."""

    label: str
    layer: str
    variant: dict[str, Any]
    values: dict[tuple[str, str], Measured]  # (split, metric)
    references: tuple[Reference, ...]  # of this entry and variant
    parameters: int
    seconds_per_epoch: float
    spec: str
    seeds: tuple[int, ...]


def summarise(table: Table, rows: Sequence[ResultRow]) -> list[Line]:
    """The lines of ``table`` that ``rows`` hold: by variant, then in the order of the table's entries.

    Where an entry was measured under several settings (another ``spec``), those of the latest run count; what is left
    out can be had from ``superseded``.
    """
    lines = []
    for (label, _, spec), group in sorted(_groups(rows).items()):
        if _latest(rows, group[0]) != spec:
            continue
        first = group[0]
        lines.append(
            Line(
                label=label,
                layer=first.layer,
                variant=first.variant,
                values=_values(group),
                references=tuple(r for r in table.references if r.label == label and r.variant == first.variant),
                parameters=first.parameters,
                seconds_per_epoch=_seconds_per_epoch(group, table.monitor.metric),
                spec=spec,
                seeds=tuple(sorted({row.seed for row in group})),
            )
        )
    order = [entry.label for entry in table.entries]
    places = {key: list(values) for key, values in table.variants.items()}

    def position(line: Line) -> tuple[Any, ...]:
        place = [
            (places[key].index(value), "") if value in places.get(key, []) else (10**6, str(value))
            for key, value in line.variant.items()
        ]
        return place, order.index(line.label) if line.label in order else len(order), line.label

    return sorted(lines, key=position)


def superseded(rows: Sequence[ResultRow]) -> int:
    """How many runs among ``rows`` were made under older settings than the latest of their entry and variant."""
    return len({(row.spec, row.label, row.seed) for row in rows if _latest(rows, row) != row.spec})


def _groups(rows: Sequence[ResultRow]) -> dict[tuple[str, str, str], list[ResultRow]]:
    groups: dict[tuple[str, str, str], list[ResultRow]] = {}
    for row in rows:
        groups.setdefault((row.label, json.dumps(row.variant, sort_keys=True), row.spec), []).append(row)
    return groups


def _latest(rows: Sequence[ResultRow], like: ResultRow) -> str:
    same = [row for row in rows if row.label == like.label and row.variant == like.variant]
    return max(same, key=lambda row: (row.finished_at, row.spec)).spec


def _values(group: Sequence[ResultRow]) -> dict[tuple[str, str], Measured]:
    values: dict[tuple[str, str], list[ResultRow]] = {}
    for row in group:
        values.setdefault((row.split, row.metric), []).append(row)
    return {
        key: Measured(
            mean=statistics.fmean(row.value for row in found),
            spread=statistics.stdev(row.value for row in found) if len(found) > 1 else None,
            n=len(found),
            unit=found[0].unit,
        )
        for key, found in values.items()
    }


def _seconds_per_epoch(group: Sequence[ResultRow], metric: str) -> float:
    """Training time over one pass of the training split, whose rows those of ``metric`` count."""
    rows = [row for row in group if row.split == "train" and row.metric == metric and row.samples_per_second > 0]
    return statistics.fmean(row.n / row.samples_per_second for row in rows) if rows else float("nan")


def spoken_time(seconds: float) -> str:
    """``42 s``, ``7 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
