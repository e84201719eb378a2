"""How far a table is: which of its runs have rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rnnzoo.bench.entries import layer_entries
from rnnzoo.bench.runs import variants_of
from rnnzoo.bench.summary import latest
from rnnzoo.bench.table import Table
from rnnzoo.bench.trials import grid
from rnnzoo.contracts import ResultRow

Key = tuple[str, str, int, str]  # label, variant, seed, trial


@dataclass(frozen=True)
class Progress:
    """The runs that a table asks for, and those that there are rows of."""

    wanted: int
    there: int  # of those wanted
    further: int  # beyond them: more seeds, other layers
    missing: tuple[str, ...]  # one line an entry and variant: "lstm length=20: 1 of 3 runs"

    def __str__(self) -> str:
        if not self.there + self.further:
            return "no rows yet"
        told = "complete" if self.there == self.wanted else f"{self.there:,} of {self.wanted:,} runs"
        return told + (f", and {self.further:,} more" if self.further else "")


def progress(table: Table, rows: Sequence[ResultRow]) -> Progress:
    """How far ``table`` is with ``rows``: by label, variant, seed and trial; of an entry's settings the latest count.

    Raises:
        TableError: an entry stands for layers that there are not.
    """
    wanted: dict[tuple[str, str], set[Key]] = {}
    trials = [_text(trial) for trial in grid(table.trials)]
    # of a race, all contestants are one run
    entries = [("", 1)] if table.race else [(entry.label, entry.seeds) for entry in layer_entries(table)]
    for variant in variants_of(table, {}):
        for label, seeds in entries:
            keys = {(label, _text(variant), seed, trial) for seed in range(seeds) for trial in trials}
            wanted[_name(label, variant, table), _text(variant)] = keys
    found = {
        ("" if table.race else row.label, _text(row.variant), row.seed, _text(row.trial)) for row in latest(table, rows)
    }
    every = set().union(*wanted.values())
    missing = [
        f"{name}: {len(keys & found)} of {len(keys)} runs" for (name, _), keys in wanted.items() if not keys <= found
    ]
    return Progress(len(every), len(every & found), len(found - every), tuple(missing))


def _name(label: str, variant: dict[str, Any], table: Table) -> str:
    return " ".join([*([label] if label else []), *(f"{key}={variant[key]}" for key in table.variants)])


def _text(settings: dict[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)
