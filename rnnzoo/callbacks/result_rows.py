"""Result rows: one measured number a line, with everything needed to trust or repeat it."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from rnnzoo.callbacks.best_checkpoint import BestCheckpoint
from rnnzoo.callbacks.throughput import Throughput
from rnnzoo.contracts import ResultRow
from rnnzoo.registry import unknown
from rnnzoo.tasks._base import SequenceTask

SCHEMA: int = ResultRow.__dataclass_fields__["schema"].default  # type: ignore[assignment]
KNOWN = frozenset(field.name for field in fields(ResultRow))
NEEDED = frozenset(field.name for field in fields(ResultRow) if field.default is field.default_factory is MISSING)

IDENTITY = (
    "table", "spec", "label", "variant", "layer", "task", "data", "data_version", "seed", "versions", "commit", "dirty",
)  # fmt: skip
"""The fields of a row that the Trainer doesn't know; ``device`` may be added, to call it by another name."""


class ResultRows(Callback):
    """At the end of ``trainer.test`` writes a run's rows: each metric on ``test``, and on ``validation`` at its best.

    Reads the run's speed from ``Throughput`` and its best validation from ``BestCheckpoint``, which both have
    to be among the Trainer's callbacks.

    Args:
        path: the file, which must not exist: rows are never edited.
        identity: the fields named in ``IDENTITY``.

    Raises:
        ValueError: a field of the identity is missing.
        UnknownName: there is one too many.
        FileExistsError: there is such a file already (when training or testing begins).
        RuntimeError: a callback that it reads from is missing (then, too).
    """

    def __init__(self, path: str | Path, identity: Mapping[str, Any]) -> None:
        missing = [name for name in IDENTITY if name not in identity]
        if missing:
            raise ValueError(f"the identity of the run lacks {', '.join(missing)}; expected {', '.join(IDENTITY)}.")
        for name in identity:
            if name not in (*IDENTITY, "device"):
                raise unknown("field of the identity", name, (*IDENTITY, "device"))
        self.path = Path(path)
        self.identity = dict(identity)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse before the work is done, not after."""
        if stage not in ("fit", "test"):
            return
        if trainer.is_global_zero:
            _refuse_existing(self.path)
        for needed in (BestCheckpoint, Throughput):
            if not any(isinstance(callback, needed) for callback in trainer.callbacks):  # type: ignore[attr-defined]
                raise RuntimeError(f"ResultRows reads from {needed.__name__}; add one to the Trainer's callbacks.")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the rows."""
        if trainer.is_global_zero:
            write_rows(self.path, self.rows(trainer, pl_module))

    def rows(self, trainer: Trainer, module: LightningModule) -> list[ResultRow]:
        """The rows of the run as it stands."""
        callbacks = trainer.callbacks  # type: ignore[attr-defined]
        best = next(callback for callback in callbacks if isinstance(callback, BestCheckpoint))
        speed = next(callback for callback in callbacks if isinstance(callback, Throughput))
        task = cast(SequenceTask, module)
        results = {"validation": best.best_results, "test": task.results.get("test", {})}
        units = {metric.name: metric.unit for metric in task.metric_specs}
        shared = {
            "device": device_name(module.device),
            **self.identity,
            "parameters": sum(p.numel() for p in module.parameters() if p.requires_grad),
            "steps": speed.steps,
            "epochs": speed.epochs,
            "seconds": speed.seconds,
            "samples_per_second": speed.samples_per_second,
            "peak_memory_bytes": speed.peak_memory_bytes,
            "world_size": trainer.world_size,
            "precision": str(trainer.precision),
            "finished_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "checkpoint_sha256": _sha256(trainer.ckpt_path),
        }
        return [
            ResultRow(**shared, split=split, metric=metric, value=value, unit=units[metric], n=n)
            for split, measured in results.items()
            for metric, (value, n) in measured.items()
        ]


def write_rows(path: str | Path, rows: Sequence[ResultRow]) -> Path:
    """Write ``rows`` as JSON lines: aside, flushed to the disk, then renamed.

    Raises:
        FileExistsError: there is such a file already.
        ValueError: there is no row, or a value in one is not finite.
    """
    path = Path(path)
    _refuse_existing(path)
    if not rows:
        raise ValueError(f"there is no row to write to {path}; expected at least one measured metric.")
    for row in rows:
        if not math.isfinite(row.value):
            raise ValueError(f"{row.split}/{row.metric} is {row.value}; expected a finite number. Nothing was written.")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(asdict(row), ensure_ascii=False, allow_nan=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.rename(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    return path


def read_rows(path: str | Path) -> list[ResultRow]:
    """The rows in a file, or in every ``*.jsonl`` below a folder, in the order of the files' names.

    Raises:
        FileNotFoundError: there is nothing at ``path``.
        ValueError: a line is no row of this or an earlier schema; the message has file and line.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}; expected a file of result rows, or a folder of them.")
    visible = [] if path.is_file() else path.rglob("*.jsonl")
    files = [path] if path.is_file() else sorted(file for file in visible if not _hidden(file.relative_to(path)))
    return [
        _parse(line, f"{file}:{number}")
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if line.strip()
    ]


def device_name(device: torch.device) -> str:
    """What the device is called: a GPU's model, or its type ("cpu")."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _parse(line: str, where: str) -> ResultRow:
    try:
        content = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{where} is no JSON ({error}); restore the file, or delete it to run that run again."
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"{where} holds a {type(content).__name__}; expected a result row (an object).")
    schema = content.get("schema", 1)
    if schema > SCHEMA:
        raise ValueError(f"{where} has schema {schema} and this rnnzoo reads up to {SCHEMA}; upgrade rnnzoo.")
    if content.keys() - KNOWN or NEEDED - content.keys():
        strange, missing = sorted(content.keys() - KNOWN), sorted(NEEDED - content.keys())
        raise ValueError(f"{where} is no result row: it lacks {missing} and has the unknown fields {strange}.")
    return ResultRow(**content)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise FileExistsError(
            f"{path} holds the rows of a finished run, which are never edited; delete it to run again."
        )


def _sha256(path: Any) -> str:
    if path is None or not Path(path).is_file():
        return ""
    with Path(path).open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
