"""The sections of docs/equal-budget.md: three tables at one parameter budget as one ranking."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from speed_rows import table

import rnnzoo
from rnnzoo.bench.report import table_rows
from rnnzoo.bench.summary import Line, summarise
from rnnzoo.bench.table import Table, load_table
from rnnzoo.contracts import ResultRow
from rnnzoo.figures import Placed, rankings, save_figure
from rnnzoo.registry import LAYERS

TABLES = {
    "equal-budget-digit-sum": "digit sum",
    "equal-budget-digits": "digits",
    "equal-budget-text": "text",
}
INPUT = 32  # how many numbers a state is asked for with; a state's size does not depend on it


class Standing(NamedTuple):
    """What a layer reached in all the tables."""

    layer: str
    lines: dict[str, Line]
    seconds: float  # of the trainings that count, all tables together
    place: float  # the mean over the tables


@cache
def state_size(layer: str, hidden_size: int) -> int:
    """How many numbers one layer of this width carries from step to step."""
    made = rnnzoo.create_layer(layer, INPUT, hidden_size, batch_first=True)
    with torch.no_grad():
        _, state = made.eval()(torch.zeros(1, 2, INPUT))
    return sum(part.numel() for part in flattened(state))


def flattened(state: object) -> list[torch.Tensor]:
    """The tensors of a state, however it is nested."""
    return [state] if isinstance(state, torch.Tensor) else [part for each in state for part in flattened(each)]  # type: ignore[attr-defined]


def standings(results: Path) -> list[Standing]:
    """The layers that all the tables have rows of, by their mean place."""
    lines: dict[str, dict[str, Line]] = {}
    rows: dict[str, list[ResultRow]] = {}
    for name in TABLES:
        loaded = table_of(name)
        rows[name] = table_rows(loaded, results) if (results / name).is_dir() else []
        lines[name] = {
            line.layer: line for line in summarise(loaded, rows[name]) if ("test", metric_of(name)) in line.values
        }
    common = set.intersection(*(set(found) for found in lines.values())) - {"none"}
    places = {name: ranks(name, {layer: lines[name][layer] for layer in common}) for name in TABLES}
    found = []
    for layer in common:
        mine = {name: lines[name][layer] for name in TABLES}
        counted = {spec for line in mine.values() for spec in line.specs.values()}
        seconds = {(row.spec, row.seed): row.seconds for part in rows.values() for row in part if row.spec in counted}
        place = statistics.fmean(places[name][layer] for name in TABLES)
        found.append(Standing(layer, mine, sum(seconds.values()), place))
    return sorted(found, key=lambda standing: (standing.place, standing.layer))


@cache
def table_of(name: str) -> Table:
    """A table, read once: every line of the page asks for it."""
    return load_table(name)


def metric_of(name: str) -> str:
    """The number a table ranks by."""
    return table_of(name).monitor.metric


def ranks(name: str, lines: dict[str, Line]) -> dict[str, float]:
    """Each layer's place in one table; equals share the mean of theirs."""
    sign = -1 if table_of(name).monitor.mode == "max" else 1
    values = {layer: sign * line.values["test", metric_of(name)].mean for layer, line in lines.items()}
    return {
        layer: 1 + sum(other < value for other in values.values()) + (list(values.values()).count(value) - 1) / 2
        for layer, value in values.items()
    }


def ranking_section(results: Path) -> str:
    """One line a layer: place, what it reached, what it took, what it carries."""
    found = standings(results)
    if not found:
        return missing(results)
    lines = [
        (
            f"`{one.layer}`",
            LAYERS.entry(one.layer).kind,
            f"{one.place:.1f}",
            *(str(line.values["test", metric_of(name)]) for name, line in one.lines.items()),
            f"{one.seconds:.0f}",
            sizes(one),
        )
        for one in found
    ]
    heads = [f">{said}: {metric_of(name).replace('_', ' ')}" for name, said in TABLES.items()]
    made = table(("layer", "kind", ">mean place", *heads, ">seconds", ">numbers in the state"), lines)
    return "\n\n".join([made, f"![Every layer with 50,000 parameters](generated/{PICTURE})", missing(results)]).strip()


def sizes(standing: Standing) -> str:
    """The state's size at the widths that the budget gave, from the smallest to the largest."""
    found = sorted({state_size(standing.layer, line.solved["hidden_size"]) for line in standing.lines.values()})
    return f"{found[0]:,}" if len(found) == 1 else f"{found[0]:,} to {found[-1]:,}"


def missing(results: Path) -> str:
    """Which tables lack layers, and the commands that make them."""
    left = {}
    for name in TABLES:
        there = {row.layer for row in table_rows(table_of(name), results)} if (results / name).is_dir() else set()
        left[name] = len(set(LAYERS.names()) - there)
    lacking = [f"{count} in `rnnzoo bench run {name}`" for name, count in left.items() if count]
    return f"Layers without rows yet: {', '.join(lacking)}." if lacking else ""


PICTURE = "equal-budget.png"


def equal_budget_picture(results: Path, out: Path) -> None:
    """The ranking as a picture, where there are rows."""
    found = standings(results)
    if found:
        save_figure(rankings(placed(found), [heading(name) for name in TABLES], title=TITLE), out / PICTURE)


TITLE = "Every layer with 50,000 parameters, by mean place"


def heading(name: str) -> str:
    """A panel's name."""
    return f"{TABLES[name]}: {metric_of(name).replace('_', ' ')}"


def placed(found: Sequence[Standing]) -> list[Placed]:
    """The standings as the picture takes them."""
    return [
        Placed(
            one.layer,
            LAYERS.entry(one.layer).kind,
            {heading(name): line.values["test", metric_of(name)].mean for name, line in one.lines.items()},
        )
        for one in found
    ]
