"""The rows of benchmarks/speed: the latest of each measurement, and ways to pick among them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]

AROUND = ("imdb_batches", "generated_rows", "lightning_vs_plain_loop", "language_model_vs_plain_loop")
"""Measured by scripts of their own, each as its rows say."""
PARTS = (
    "gated",
    "all",
    "native",
    "scan",
    "matrix",
    "crf",
    "search",
    "forecast",
    "step",
    "memory",
    "growth",
    "first-use",
)
IDENTITY = ("name", "settings", "candidate", "baseline", "threads", "clock", "allocator", "device")
USUAL = {"threads": 2, "clock": "wall", "allocator": "default", "device": "cpu"}
"""What the page's tables are measured with, where they do not say otherwise."""


class Rows:
    """The latest row of every measurement in a folder of ``*.jsonl`` files, in their order.

    Args:
        folder: benchmarks/results/speed, as the harness writes it.
    """

    def __init__(self, folder: Path) -> None:
        latest: dict[str, Row] = {}
        for name in (*PARTS, *AROUND):
            path = folder / f"{name}.jsonl"
            lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            for row in map(json.loads, lines):
                if row["candidate"] != row["baseline"]:
                    latest[json.dumps([row.get(key) for key in IDENTITY], sort_keys=True)] = row
        self.every = list(latest.values())

    def part(self, name: str, *, usual: bool = True, **settings: Any) -> list[Row]:
        """A part's rows that have these settings; with ``usual``, those measured under `USUAL` alone."""
        return [
            row
            for row in self.every
            if row["name"] == name
            and (not usual or is_usual(row))
            and all(row["settings"].get(key) == value for key, value in settings.items())
        ]


def is_usual(row: Row) -> bool:
    """Whether a row was measured under `USUAL`."""
    return all(row.get(key) == value for key, value in USUAL.items())


def against(rows: Iterable[Row], baseline: str) -> list[Row]:
    """The rows whose baseline is this, or one of this package: "torchrecurrent" has "torchrecurrent.LEM"."""
    return [row for row in rows if row["baseline"] == baseline or row["baseline"].startswith(f"{baseline}.")]


def of_cell(rows: Iterable[Row], cell: str) -> Row | None:
    """The row of a layer among rows that have at most one of each."""
    return next((row for row in rows if row["settings"]["cell"] == cell), None)


def cells(rows: Iterable[Row]) -> list[str]:
    """The layers that rows are of, sorted."""
    return sorted({row["settings"]["cell"] for row in rows})


def median(rows: Sequence[Row]) -> float:
    """Of the rows' ratios."""
    return statistics.median(row["ratio"] for row in rows)


def short(ratio: float) -> str:
    """A ratio with about three digits."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def ratio(row: Row | None, *, quartiles: bool = False) -> str:
    """A row's ratio for a table; "" where there is no row."""
    if row is None:
        return ""
    said = short(row["ratio"])
    return f"{said} ({short(row['low'])} to {short(row['high'])})" if quartiles else said


def table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns whose heading begins with ">" are aligned right."""
    rules = ["---:" if heading.startswith(">") else "---" for heading in columns]
    heads = [heading.removeprefix(">") for heading in columns]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rules, *lines))


def missing(part: str) -> str:
    """What stands where a part has no rows."""
    return f"Not measured yet: `python benchmarks/speed --parts {part} --write`."


def section(part: str) -> Callable[[Callable[[Rows], str]], Callable[[Rows], str]]:
    """Marks the function that renders a part: where the part has no rows under `USUAL`, it says so instead."""

    def mark(render: Callable[[Rows], str]) -> Callable[[Rows], str]:
        return lambda rows: render(rows) if rows.part(part) else missing(part)

    return mark
