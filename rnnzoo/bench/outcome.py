"""Where the files of a table's runs lie, and what became of the runs that were asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rnnzoo.bench.runs import Run


@dataclass
class Outcome:
    """What became of the runs that were asked for."""

    made: list[Run] = field(default_factory=list)
    there: list[Run] = field(default_factory=list)  # their rows existed
    elsewhere: list[Run] = field(default_factory=list)  # another process is at them
    failed: dict[str, str] = field(default_factory=dict)  # title -> why


def row_file(results: Path, run: Run) -> Path:
    """Where the rows of ``run`` go; the run is finished when this file exists."""
    return results / run.table / f"{run.id}.jsonl"


def work_folder(results: Path, run: Run) -> Path:
    """Where the checkpoints and logs of ``run`` live."""
    return results / ".runs" / run.table / run.id


def lock_file(results: Path, run: Run) -> Path:
    """What a process holds while it makes ``run``, or has it made."""
    return work_folder(results, run).with_name(f"{run.id}.lock")
