"""The sections of docs/scale.md, rendered from the rows of benchmarks/harness."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from speed_rows import table

Row = dict[str, Any]
PARTS = ("overhead", "queued", "ddp", "resume", "many")
OVERHEAD, LATER = "overhead of a run", "each later one"
RUNS = 10_000


def latest(folder: Path) -> list[Row]:
    """The latest row of every measurement, in their order.

    Args:
        folder: benchmarks/results/harness.
    """
    found: dict[str, Row] = {}
    for part in PARTS:
        path = folder / f"{part}.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            row = json.loads(line)
            found[json.dumps([row[key] for key in ("name", "what", "settings")], sort_keys=True)] = row
    return list(found.values())


def missing(part: str) -> str:
    """What stands where a part has no rows."""
    return f"Not measured yet: `python benchmarks/harness --parts {part} --write`."


def numbers(rows: list[Row]) -> str:
    """Every number that has an aim, and whether it holds; then what they were measured on."""
    aimed = [row for row in rows if row["holds"] is not None]
    if not aimed:
        return missing(",".join(PARTS))
    lines = []
    for row in aimed:
        aim = f"at most {row['at_most']:g}" if row["at_most"] is not None else f"at least {row['at_least']:g}"
        about = ", ".join(f"{key} {value}" for key, value in row["settings"].items())
        verdict = "holds" if row["holds"] else "**does not hold**"
        lines.append((row["what"], about, spoken(row), aim, verdict))
    there = sorted({f"{row['cpu']}, {row['cores']} cores" for row in aimed})
    commits = sorted({row["commit"][:12] for row in aimed})
    made = f"Medians with quartiles, on {'; '.join(there)}, commit {', '.join(commits)}."
    return f"{table(('number', 'of', '>measured', '>aim', 'verdict'), lines)}\n\n{made}"


def many(rows: list[Row]) -> str:
    """What a table of 10,000 runs takes beside its trainings."""
    of_many = [row for row in rows if row["name"] == "many"]
    if not of_many:
        return missing("many")
    lines = [(row["what"], f"{row['settings']['runs']:,}", spoken(row)) for row in of_many]
    return table(("what", ">runs", ">measured"), lines)


def cost(rows: list[Row]) -> str:
    """The overhead of 10,000 runs, worked out from that of one in a process that made others before."""
    one = [row for row in rows if row["what"] == OVERHEAD and row["settings"]["run"] == LATER]
    if not one:
        return missing("overhead")
    lines = [
        (f"W&B {row['settings']['wandb']}", f"{row['value']:.2f} s", f"{RUNS * row['value'] / 3600:.1f} core hours")
        for row in one
    ]
    return table(("logging", ">overhead of a run", f">of {RUNS:,} runs"), lines)


def spoken(row: Row) -> str:
    """A row's median with its unit, and the quartiles where it was measured more than once."""
    unit = "" if row["unit"] in ("ratio", "share") else f" {row['unit']}"
    quartiles = f" ({row['low']:.3g} to {row['high']:.3g})" if row["rounds"] > 1 else ""
    return f"{row['value']:.3g}{unit}{quartiles}"


SECTIONS: dict[str, Callable[[list[Row]], str]] = {
    "scale-numbers": numbers,
    "scale-many": many,
    "scale-cost": cost,
}
