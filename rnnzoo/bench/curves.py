"""One file of a run's curves, out of those that each of its attempts has written."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

ATTEMPTS = "logs/attempt-*"
STEP = "step"


def next_attempt(folder: Path) -> str:
    """The name of the folder for the logs of a run that starts, or goes on, now."""
    return f"attempt-{len(list(folder.glob(ATTEMPTS)))}"


def write_curves(folder: Path) -> Path | None:
    """Bring the attempts' ``metrics.csv`` together in ``folder/metrics.csv``, in their order; None if there is none.

    An attempt that goes on from a checkpoint repeats the steps behind it: of those only its own rows are taken.
    """
    rows: list[dict[str, str]] = []
    for attempt in sorted(folder.glob(ATTEMPTS), key=lambda path: int(path.name.rpartition("-")[2])):
        later = _read(attempt / "metrics.csv")
        if later:
            first = min(int(row[STEP]) for row in later)
            rows = [row for row in rows if int(row[STEP]) < first] + later
    if not rows:
        return None
    keys = [STEP, *sorted({key for row in rows for key in row} - {STEP})]
    path = folder / "metrics.csv"
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, keys)
        writer.writeheader()
        writer.writerows(rows)
    os.replace(aside, path)
    return path


def _read(path: Path) -> list[dict[str, str]]:
    """The rows of a file, without their empty cells; a line that a killed run has not ended is left out."""
    if not path.is_file():
        return []
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
    rows = csv.DictReader(io.StringIO(whole))
    return [{key: value for key, value in row.items() if value} for row in rows if row.get(STEP)]
