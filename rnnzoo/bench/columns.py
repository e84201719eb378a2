"""The columns of a table's report: what stands in the Markdown, CSV, HTML and on the screen alike."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rnnzoo.bench.summary import Line, spoken_time
from rnnzoo.bench.table import Reference, Table
from rnnzoo.bench.trials import grid, spoken_value


class Column(NamedTuple):
    """A heading and its cells, one a line."""

    heading: str
    numeric: bool
    cells: list[str]


def columns(table: Table, lines: Sequence[Line], sources: Sequence[str]) -> list[Column]:
    """The report's columns; a reference is marked with the number of its source in ``sources``."""
    if table.race is not None:
        from rnnzoo.bench.race_report import race_columns

        return race_columns(table, lines)
    metric = table.monitor.metric
    others = [reference.model for reference in table.references if reference.model]
    foreign = [reference for reference in table.references if reference.model]
    blank = [""] * len(others)
    made = [Column("model", False, [line.label for line in lines] + others)]
    for key in table.variants:
        cells = [str(reference.variant.get(key, "")) for reference in foreign]
        made.append(Column(key, True, [str(line.variant.get(key, "")) for line in lines] + cells))
    made.append(Column("seeds", True, [str(len(line.seeds)) for line in lines] + blank))
    before = len(made)
    for key in table.trials:
        made.append(Column(f"best {key.replace('_', ' ')}", True, [_won(line, key, table) for line in lines] + blank))
    further = [("test", name) for name in table.metrics if name not in (metric, "loss")]
    for split, name in (("test", metric), *further, ("validation", metric), ("train", metric), ("test", "loss")):
        heading = f"{split} {name}"
        made.append(Column(heading, True, [str(line.values.get((split, name), "")) for line in lines] + blank))
    held_against = [_references(line, metric, sources) for line in lines]
    made.insert(
        before + len(table.trials) + 1,
        Column(f"reference {metric}", True, held_against + [_reference(reference, sources) for reference in foreign]),
    )
    if table.best_seed:
        values = [line.values.get(("test", metric)) for line in lines]
        best = [
            "" if each is None else f"{each.high if table.monitor.mode == 'max' else each.low:.3f}" for each in values
        ]
        made.insert(before + len(table.trials) + 1, Column(f"best test {metric}", True, best + blank))
    for name in _traced(lines):
        cells = [_of_seeds(line, name) for line in lines]
        made.append(Column(name.replace("_", " "), True, cells + blank))
        held_against = [_references(line, name, sources) for line in lines]
        made.append(Column(f"reference {name.replace('_', ' ')}", True, held_against + blank))
    for key in dict.fromkeys(key for line in lines for key in line.solved):
        cells = [str(line.solved.get(key, "")) for line in lines]
        made.append(Column(key.replace("_", " "), True, cells + blank))
    made.append(Column("parameters", True, [f"{line.parameters:,}" for line in lines] + blank))
    epochs = ["" if math.isnan(line.seconds_per_epoch) else _time(line.seconds_per_epoch) for line in lines]
    made.append(Column("time an epoch", True, epochs + blank))
    return [column for column in made if any(column.cells)]


def _traced(lines: Sequence[Line]) -> list[str]:
    """The metrics that stand in no tested split: what sums up traces."""
    tested = {metric for line in lines for split, metric in line.values if split != "train"}
    return list(dict.fromkeys(metric for line in lines for _, metric in line.values if metric not in tested))


def _won(line: Line, key: str, table: Table) -> str:
    """The value of ``key`` in the winning trials, each with its seeds where they differ; says if trials are missing."""
    seeds = Counter(spoken_value(trial[key]) for trial in line.trials.values())
    told = ", ".join(f"{value} ({n} seeds)" if len(seeds) > 1 else value for value, n in seeds.most_common())
    trials = len(grid(table.trials))
    return told + (f" (of {line.tried} trials out of {trials})" if line.tried < trials else "")


def _of_seeds(line: Line, metric: str) -> str:
    """The mean over seeds, and over how many of them where not all have the metric."""
    measured = line.values.get(("train", metric))
    if measured is None:
        return ""
    return str(measured) + (f" ({measured.n} of {len(line.seeds)})" if measured.n < len(line.seeds) else "")


def _references(line: Line, metric: str, sources: Sequence[str]) -> str:
    return "; ".join(_reference(reference, sources) for reference in line.references if reference.metric == metric)


def sources_of(table: Table, lines: Sequence[Line]) -> list[str]:
    """The sources of the references that stand in the report, each once."""
    shown = [reference for line in lines for reference in line.references]
    shown += [reference for reference in table.references if reference.model]
    return list(dict.fromkeys(reference.source for reference in shown))


def links_of(table: Table) -> dict[str, str]:
    """The address of each source that has one."""
    return {reference.source: reference.url for reference in table.references if reference.url}


def _reference(reference: Reference, sources: Sequence[str]) -> str:
    spread = f" ± {reference.spread:.3f}" if reference.spread is not None else ""
    return f"{reference.value:.3f}{spread} [{sources.index(reference.source) + 1}]"


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s" if seconds < 90 else spoken_time(seconds)
