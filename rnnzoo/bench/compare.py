"""Two folders of results: what both have measured, and what differs by more than its seeds do."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from rnnzoo.bench.collected import Collected
from rnnzoo.bench.significance import Tested, difference, holm
from rnnzoo.bench.summary import summarise
from rnnzoo.bench.table import Table
from rnnzoo.registry import TASKS

SPLIT = "test"


class Key(NamedTuple):
    """What is compared: a number of an entry at a variant."""

    table: str
    label: str
    variant: str  # "length=20", as it is shown
    metric: str


@dataclass(frozen=True)
class Comparison:
    """One number in both folders, by seed."""

    key: Key
    a: Mapping[int, float]
    b: Mapping[int, float]
    higher_is_better: bool | None  # None where no task says
    settings_differ: bool
    tested: Tested
    corrected: float | None = None  # Holm's p over all comparisons

    @property
    def difference(self) -> float:
        """B's mean over A's."""
        return statistics.fmean(self.b.values()) - statistics.fmean(self.a.values())

    def verdict(self, level: float) -> str:
        """What B is beside A, at this level of significance."""
        if self.corrected is None:
            return f"{self.tested.why}: nothing can be said"
        if self.corrected > level:
            return "no difference shown"
        if self.higher_is_better is None:
            return "differs"
        return "better" if (self.difference > 0) == self.higher_is_better else "worse"


class Compared(NamedTuple):
    """Two folders, compared."""

    comparisons: list[Comparison]
    only_a: list[str]
    only_b: list[str]
    left_out: list[str]  # what is in both and is not compared, with the reason


class Entry(NamedTuple):
    """An entry at a variant, as one folder has it."""

    data_version: str
    specs: frozenset[str]
    values: dict[str, dict[int, float]]  # by metric and seed


def compare(a: Mapping[str, Collected], b: Mapping[str, Collected]) -> Compared:
    """Compare the test numbers of two folders; p-values are corrected over all comparisons that have one.

    Of an entry's settings the latest count, and of its trials the one that is best on validation, as in a report. A
    race's numbers are times of one machine, and entries of another version of their data are another task: neither
    is compared.
    """
    made: list[Comparison] = []
    only_a: list[str] = []
    only_b: list[str] = []
    left_out: list[str] = []
    for name in a:
        table = a[name].table
        if table.race is not None and a[name].rows and b[name].rows:
            left_out.append(f"{name}: a race's numbers are times of one machine")
            continue
        mine, other = _entries(a[name]), _entries(b[name])
        for entries, lacking, only in ((mine, other, only_a), (other, mine, only_b)):
            if entries and not lacking:
                only.append(f"{name}, the whole table ({len(entries)} entries)")
        if not mine or not other:
            continue
        only_a += [_said(name, key) for key in mine if key not in other]
        only_b += [_said(name, key) for key in other if key not in mine]
        directions = _directions(table)
        for key in mine:
            if key not in other:
                continue
            one, two = mine[key], other[key]
            if one.data_version != two.data_version:
                left_out.append(
                    f"{_said(name, key)}: version {one.data_version} of the data in A, {two.data_version} in B"
                )
                continue
            only_a += [f"{_said(name, key)}: {metric}" for metric in one.values if metric not in two.values]
            only_b += [f"{_said(name, key)}: {metric}" for metric in two.values if metric not in one.values]
            made += [
                Comparison(
                    Key(name, *key, metric), values, two.values[metric], directions.get(metric),
                    one.specs != two.specs, difference(values, two.values[metric]),
                )
                for metric, values in one.values.items() if metric in two.values
            ]  # fmt: skip
    corrected = holm([one.tested.p for one in made])
    made = [replace(one, corrected=p) for one, p in zip(made, corrected, strict=True)]
    return Compared(made, only_a, only_b, left_out)


def _entries(found: Collected) -> dict[tuple[str, str], Entry]:
    """The entries of a table, by label and variant, in the report's order."""
    rows: dict[tuple[str, str, int], dict[str, float]] = {}
    versions: dict[tuple[str, str], str] = {}
    for row in found.rows:
        versions[row.label, row.spec] = row.data_version
        if row.split == SPLIT:
            rows.setdefault((row.label, row.spec, row.seed), {})[row.metric] = row.value
    entries = {}
    for line in summarise(found.table, found.rows):
        values: dict[str, dict[int, float]] = {}
        for seed, spec in line.specs.items():
            for metric, value in rows.get((line.label, spec, seed), {}).items():
                values.setdefault(metric, {})[seed] = value
        variant = ", ".join(f"{key}={_plain(line.variant[key])}" for key in sorted(line.variant))
        specs = frozenset(line.specs.values())
        entries[line.label, variant] = Entry(versions[line.label, next(iter(specs))], specs, values)
    return entries


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _said(table: str, key: tuple[str, str]) -> str:
    return " ".join(part for part in (table, *key) if part)


def _directions(table: Table) -> dict[str, bool]:
    """Whether more is better, by metric: as the task says, and the table of its own number."""
    told = (
        {metric.name: metric.higher_is_better for metric in TASKS.entry(table.task).metrics} if not table.race else {}
    )
    return {**told, table.monitor.metric: table.monitor.mode == "max"}
