"""How the result of a race is told: its columns, what stands below the table, and its line on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from rnnzoo.bench.columns import Column
from rnnzoo.bench.race import PASSES, Race
from rnnzoo.bench.summary import Line
from rnnzoo.bench.table import Table
from rnnzoo.contracts import ResultRow


def race_columns(table: Table, lines: Sequence[Line]) -> list[Column]:
    """The columns of a race: time a call, ratio to the first contestant with quartiles, difference of what came out."""
    made = [Column(key, False, [str(line.variant.get(key, "")) for line in lines]) for key in table.variants]
    made.append(Column("contestant", False, [line.label for line in lines]))
    for split in PASSES:
        made.append(Column(f"{split} ms", True, [_milliseconds(line, split) for line in lines]))
        made.append(Column(f"{split} ratio (quartiles)", True, [_ratio(line, split) for line in lines]))
    for split, what in zip(PASSES, ("outputs", "gradients"), strict=True):
        made.append(Column(f"difference of {what}", True, [_difference(line, split) for line in lines]))
    return made


def race_notes(race: Race, rows: Sequence[ResultRow]) -> list[str]:
    """How to read those columns."""
    from rnnzoo.bench.contestants import CONTESTANTS

    first = race.contestants[0]
    calls = " to ".join(str(n) for n in sorted({min(row.n for row in rows), max(row.n for row in rows)}))
    return [
        f"Times are medians of {calls} calls, after some that are not counted; the contestants take turns, a ratio is "
        f"to {first}'s time of the same round, its median and quartiles over the rounds. forward: a call without "
        f"gradients; training: forward and backward. Differences are the largest from what {first} computes with the "
        "same weights. size: rows x steps x features - hidden.",
        *(f"{name}: {CONTESTANTS[name].description}." for name in race.contestants if name in CONTESTANTS),
    ]


def race_headline(rows: Sequence[ResultRow]) -> str:
    """A run in one line: each contestant's ratio in the first pass."""
    found = [row for row in rows if row.metric == "ratio" and row.split == PASSES[0]]
    told = ", ".join(f"{row.label} {row.value:.3g}" for row in found if row.label != row.unit)
    return f"{PASSES[0]} over {found[0].unit}: {told}" if found else ""


def _milliseconds(line: Line, split: str) -> str:
    value = line.values.get((split, "seconds"))
    return f"{1000 * value.mean:.3g}" if value else ""


def _ratio(line: Line, split: str) -> str:
    middle, low, high = (line.values.get((split, name)) for name in ("ratio", "ratio_low", "ratio_high"))
    if middle is None or low is None or high is None:
        return ""
    return "1" if line.label == middle.unit else f"{middle.mean:.2f} ({low.mean:.2f} to {high.mean:.2f})"


def _difference(line: Line, split: str) -> str:
    value = line.values.get((split, "difference"))
    return "" if value is None else f"{value.mean:.0e}" if value.mean else "0"
