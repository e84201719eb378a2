"""The tables that are trained, and the processes that train them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

TIMED = Path(__file__).with_name("_timed_run.py")
SMALL = {
    "name": "harness", "title": "A run whose harness is measured", "task": "sequence_classification",
    "data": {"name": "digit_sum", "length": 10, "batch_size": 50},
    "model": {"embedding_size": 8, "hidden_size": 8},
    "trainer": {"max_epochs": 20},
    "entries": [{"layer": "lstm", "seeds": 2}],
}  # fmt: skip


def table(folder: Path, **changes: Any) -> Path:
    """A table's file: the small one with changes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "table.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **changes}), encoding="utf-8")
    return path


def timed(kind: str, path: Path, results: Path, *, runs: int, wandb: str = "off") -> list[dict[str, float]]:
    """The times of the first runs of a table, made in a fresh process; see ``_timed_run.py``."""
    given = [kind, str(path), str(results), str(runs), wandb, str(time.time())]
    done = subprocess.run([sys.executable, str(TIMED), *given], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{kind} ended with {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stderr.splitlines() if line.startswith('{"before"')]


def bench(path: Path, results: Path, *options: str, threads: int | None = None) -> None:
    """``rnnzoo bench run`` in a fresh process, with so many threads (None: it decides itself)."""
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    environment |= {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "rnnzoo.cli", "bench", "run", str(path), "--results", str(results), *options]
    done = subprocess.run([*command, "--wandb", "off"], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
