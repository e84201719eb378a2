"""Traces: numbers recorded along a training, for a picture of it; their summary becomes result rows."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lightning.pytorch import Callback

Record = dict[str, float]
"""What was recorded at one place of a training, by name, such as ``{"step": 3, "W": 0.2}``."""


class TraceValue(NamedTuple):
    """One number that sums up a trace: a result row of the split "train"."""

    metric: str
    value: float
    unit: str
    n: int  # records that it is drawn from


class Trace(Callback):
    """Records numbers during a training and changes nothing of it.

    A concrete trace appends to ``records`` in Lightning's hooks and sums them up in ``summary``. The records travel in
    checkpoints, so that a resumed training has those of its earlier part too. What a trace costs in a step counts as
    time of that step.

    Attributes:
        records: in the order they were made; records need not have the same names.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []

    def summary(self) -> list[TraceValue]:
        """The numbers that become result rows; what cannot be said of too few records is left out."""
        raise NotImplementedError(f"{type(self).__name__} does not sum up its records.")

    def state_dict(self) -> dict[str, Any]:
        """The records so far."""
        return {"records": [dict(record) for record in self.records]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from those records; an earlier state (that of a best checkpoint to be tested) changes nothing."""
        if len(state_dict["records"]) >= len(self.records):
            self.records = [dict(record) for record in state_dict["records"]]


def write_trace(path: str | Path, records: Iterable[Mapping[str, float]]) -> Path:
    """Write records as CSV, a column a name, numbers with five significant digits: aside, then renamed."""
    path, records = Path(path), list(records)
    columns = list(dict.fromkeys(name for record in records for name in record))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(record.get(name)) for name in columns] for record in records)
    os.replace(aside, path)
    return path


def read_trace(path: str | Path) -> list[Record]:
    """The records in a file of ``write_trace``; an empty cell is a name that the record does not have.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a cell is no number; the message has file and line.
    """
    path = Path(path)
    records = []
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                records.append({name: float(cell) for name, cell in row.items() if cell})
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"{path}:{number} is no record of a trace ({error}); expected numbers under {', '.join(row)}."
                ) from error
    return records


def _cell(value: float | None) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.5g}"
