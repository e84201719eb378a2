"""How much of two cores' time is training while runs are queued with ``--jobs 2``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from _finding import Finding, middle
from _work import bench, table

from rnnzoo.callbacks import read_rows

LEAST = 0.9
JOBS = 2


def queued(options: argparse.Namespace, folder: Path) -> list[Finding]:
    """One queue: the command from its start to its end, report included."""
    path = table(
        folder,
        model={"embedding_size": 32, "hidden_size": 64},
        data={"name": "digit_sum", "length": 30, "batch_size": 4},  # 75 steps an epoch
        trainer={
            "max_epochs": -1,
            "max_time": {"seconds": options.seconds},
            "check_val_every_n_epoch": 1 if options.quick else 5,
        },
        entries=[{"layer": "lstm", "seeds": options.runs}],
    )
    start = time.perf_counter()
    bench(path, folder / "results", "--jobs", str(JOBS))
    wall = time.perf_counter() - start
    files = list((folder / "results" / "harness").glob("*.jsonl"))
    if len(files) != options.runs:
        raise RuntimeError(f"{len(files)} of {options.runs} runs have rows")
    seconds = sum(read_rows(file)[0].seconds for file in files)
    settings = {"runs": options.runs, "seconds": options.seconds, "jobs": JOBS}
    return [middle("useful share of the cores' time", [seconds / (JOBS * wall)], "share", settings, at_least=LEAST)]
