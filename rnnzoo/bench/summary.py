"""From result rows to one line an entry and variant: mean and spread over seeds, beside the reference values."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rnnzoo.bench.patterns import matches
from rnnzoo.bench.table import Reference, Table
from rnnzoo.bench.trials import best_trial, grid
from rnnzoo.contracts import ResultRow
from rnnzoo.registry import LAYERS


@dataclass(frozen=True)
class Measured:
    """A metric's mean over seeds."""

    mean: float
    spread: float | None  # standard deviation over the seeds (n - 1); None for one seed
    n: int  # seeds
    unit: str
    low: float  # over the seeds
    high: float

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
    specs: dict[int, str]  # of the run that counts, by seed
    trials: dict[int, dict[str, Any]]  # the trial that was best on validation, by seed; empty where there are none
    tried: int  # trials that every seed has rows of
    solved: dict[str, Any]  # what was worked out for it

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds there are rows of."""
        return tuple(self.specs)

    @property
    def kind(self) -> str:
        """Of its layer's recurrence; "other" for what is not registered."""
        return LAYERS.entry(self.layer).kind if self.layer in LAYERS else "other"


def summarise(table: Table, rows: Sequence[ResultRow]) -> list[Line]:
    """The lines of ``table`` that ``rows`` hold: by variant, then in the order of the table's entries.

    The lines of an entry for many layers are ranked by their value on the test split, the best first. Of a table's
    trials, the one that is best on validation stands for its layer and seed, see ``trials.best_trial``.

    Where an entry was measured under several settings (another ``spec``), those of the latest run count; what is left
    out can be had from ``superseded``.
    """
    lines = []
    for (label, _), group in sorted(_groups(latest(table, rows)).items()):
        by_seed = {seed: [row for row in group if row.seed == seed] for seed in sorted({row.seed for row in group})}
        best = {
            seed: best_trial(found, table.trials, table.monitor.metric, table.monitor.mode)
            for seed, found in by_seed.items()
        }
        group = [row for found, _ in best.values() for row in found]
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
                specs={seed: found[0].spec for seed, (found, _) in best.items()},
                trials={seed: found[0].trial for seed, (found, _) in best.items() if found[0].trial},
                tried=min(tried for _, tried in best.values()),
                solved=first.solved,
            )
        )
    order = [entry.label for entry in table.entries if not entry.layers]
    patterns = [pattern for entry in table.entries for pattern in entry.layers]
    sign = -1 if table.monitor.mode == "max" else 1
    places = {key: list(values) for key, values in table.variants.items()}

    def position(line: Line) -> tuple[Any, ...]:
        place = [
            (places[key].index(value), "") if value in places.get(key, []) else (10**6, str(value))
            for key, value in line.variant.items()
        ]
        if line.label in order:
            return place, order.index(line.label), 0.0, line.label
        if not matches(line.label, patterns):
            return place, len(order) + 1, 0.0, line.label
        value = line.values.get(("test", table.monitor.metric))
        return place, len(order), sign * value.mean if value else math.inf, line.label

    return sorted(lines, key=position)


def latest(table: Table, rows: Sequence[ResultRow]) -> list[ResultRow]:
    """The rows of each entry's and variant's latest settings, of those trials that ``table`` has today."""
    trials = grid(table.trials)
    rows = [row for row in rows if row.trial in trials]
    newest: dict[tuple[str, str], ResultRow] = {}
    for row in sorted(rows, key=lambda row: (row.finished_at, row.spec)):
        newest[row.label, _variant(row)] = row
    return [row for row in rows if _settings(row) == _settings(newest[row.label, _variant(row)])]


def superseded(table: Table, rows: Sequence[ResultRow]) -> int:
    """How many runs among ``rows`` were made under older settings than the latest of their entry and variant."""
    kept = {(row.spec, row.label, row.seed) for row in latest(table, rows)}
    return len({(row.spec, row.label, row.seed) for row in rows} - kept)


def _settings(row: ResultRow) -> str:
    """What the rows of one line have in common."""
    return row.contest or row.spec


def _variant(row: ResultRow) -> str:
    return json.dumps(row.variant, sort_keys=True) if row.variant else "{}"


def _groups(rows: Sequence[ResultRow]) -> dict[tuple[str, str], list[ResultRow]]:
    groups: dict[tuple[str, str], list[ResultRow]] = {}
    for row in rows:
        groups.setdefault((row.label, _variant(row)), []).append(row)
    return groups


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
            low=min(row.value for row in found),
            high=max(row.value for row in found),
        )
        for key, found in values.items()
    }


def _seconds_per_epoch(group: Sequence[ResultRow], metric: str) -> float:
    """Training time over one pass of the training split; of rows without ``epochs``, which ``metric`` counts."""
    found = [row for row in group if row.split == "train" and row.metric == metric and row.samples_per_second > 0]
    times = [row.seconds / row.epochs if row.epochs else row.n / row.samples_per_second for row in found]
    return statistics.fmean(times) if times else float("nan")


def spoken_time(seconds: float) -> str:
    """``42 s``, ``7 min``, ``3 h 20 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
