"""All layers by several tables of one budget each: mean place, what the trainings took, what a state carries."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rnnzoo.bench.collected import Collected
from rnnzoo.bench.entries import layer_entries
from rnnzoo.bench.summary import Line, summarise
from rnnzoo.bench.table import Table, TableEntry
from rnnzoo.contracts import ResultRow
from rnnzoo.registry import LAYERS

INPUT = 32  # how many numbers a state is asked for with; a state's size does not depend on it
WITHOUT = "none"  # the layer of an entry that has no recurrence


@dataclass(frozen=True)
class Standing:
    """What a layer reached in the tables."""

    layer: str
    lines: dict[str, Line]  # by table; not of those that it has no rows of
    seconds: float  # of the trainings that count, mean over their seeds, all tables together
    place: float | None  # the mean over the tables; None where one of them lacks it
    states: tuple[int, ...]  # how many numbers its states have, at the widths that the budgets gave, sorted

    @property
    def kind(self) -> str:
        """Of recurrence."""
        return next(iter(self.lines.values())).kind

    @property
    def sizes(self) -> str:
        """The state's size at the widths that the budgets gave, from the smallest to the largest; "" if not known."""
        return " to ".join(f"{size:,}" for size in sorted({self.states[0], self.states[-1]})) if self.states else ""


def budget_tables(tables: Mapping[str, Table]) -> list[str]:
    """The names of the tables that give every registered layer the same number of parameters."""
    return [
        name
        for name, table in tables.items()
        if table.parameters is not None and any("all" in entry.layers for entry in table.entries) and not table.variants
    ]


def standings(collected: Mapping[str, Collected]) -> list[Standing]:
    """The layers that these tables have rows of, by their mean place; those that a table lacks behind the others.

    Places are among the layers that all the tables have.
    """
    lines: dict[str, dict[str, Line]] = {}
    for name, (table, rows) in collected.items():
        metric = ("test", table.monitor.metric)
        made = [line for line in summarise(table, rows) if metric in line.values and line.label == line.layer]
        lines[name] = {line.layer: line for line in made}
    every = set().union(*(set(found) for found in lines.values())) - {WITHOUT}
    common = set.intersection(*(set(found) for found in lines.values())) - {WITHOUT} if lines else set()
    places = {name: ranks(collected[name].table, {layer: lines[name][layer] for layer in common}) for name in lines}
    seconds = {name: _seconds(rows) for name, (_, rows) in collected.items()}
    entries = {name: {entry.label: entry for entry in layer_entries(table)} for name, (table, _) in collected.items()}
    found = []
    for layer in every:
        mine = {name: lines[name][layer] for name in lines if layer in lines[name]}
        spent = [
            statistics.fmean(seconds[name][spec, seed] for seed, spec in line.specs.items())
            for name, line in mine.items()
        ]
        place = statistics.fmean(places[name][layer] for name in lines) if layer in common else None
        sizes = {_state_size(collected[name].table, entries[name].get(layer), line) for name, line in mine.items()}
        found.append(Standing(layer, mine, sum(spent), place, tuple(sorted(size for size in sizes if size))))
    return sorted(found, key=lambda one: (one.place is None, one.place or -len(one.lines), one.layer))


def ranks(table: Table, lines: Mapping[str, Line]) -> dict[str, float]:
    """Each layer's place in one table; equals share the mean of theirs."""
    sign = -1 if table.monitor.mode == "max" else 1
    values = {layer: sign * line.values["test", table.monitor.metric].mean for layer, line in lines.items()}
    reached = list(values.values())
    return {
        layer: 1 + sum(other < value for other in reached) + (reached.count(value) - 1) / 2
        for layer, value in values.items()
    }


def lacking(collected: Mapping[str, Collected]) -> dict[str, int]:
    """How many registered layers each of these tables has no rows of."""
    return {
        name: len(set(LAYERS.names()) - {row.layer for row in rows}) for name, (_, rows) in collected.items()
    }  # fmt: skip


def _seconds(rows: Sequence[ResultRow]) -> dict[tuple[str, int], float]:
    return {(row.spec, row.seed): row.seconds for row in rows}


def _state_size(table: Table, entry: TableEntry | None, line: Line) -> int | None:
    """Of a line's layers at the width worked out or its entry's own; None where that is not known."""
    model: dict[str, Any] = {**table.model, **(entry.model if entry else {}), **line.solved}
    if "hidden_size" not in model or line.layer not in LAYERS:
        return None
    stack = {key: model[key] for key in ("num_layers", "bidirectional") if key in model}
    return state_size(
        line.layer, model["hidden_size"], json.dumps({**stack, **model.get("layer_options", {})}, sort_keys=True)
    )


@cache
def state_size(layer: str, hidden_size: int, options: str = "{}") -> int:
    """How many numbers a layer of this width carries from step to step; ``options`` are its further arguments, as JSON.

    The random state is left alone.
    """
    import torch

    from rnnzoo.recurrent import Recurrent

    with torch.random.fork_rng(devices=[]):  # of the class itself: its named one comes with a page of documentation
        made = Recurrent(LAYERS.entry(layer).target, INPUT, hidden_size, **json.loads(options))
    cells: Any = made.cells
    return sum(member.numel() for cell in cells for member in cell.initial_state(1))
