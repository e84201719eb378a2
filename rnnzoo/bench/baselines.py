"""What is not trained, for the same tables: an entry with a ``baseline`` in place of a layer is only measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from rnnzoo.bench.environment import commit, processor, versions
from rnnzoo.bench.runs import Run
from rnnzoo.contracts import ResultRow
from rnnzoo.registry import DATA, TASKS, unknown

Found = dict[str, tuple[float, int]]
"""A metric's value and over how many elements, by its name."""


def nearest_by_warping(data: Any) -> Found:
    """1-NN with dynamic time warping: a test series has the class of the training series nearest to it."""
    from rnnzoo.bench.dtw import Neighbours

    training, test = data.splits["train"], data.splits["test"]
    neighbours = Neighbours([_series(training, row) for row in range(len(training))])
    answers = [int(training.targets[neighbours.nearest(_series(test, row))]) for row in range(len(test))]
    right = sum(answer == target for answer, target in zip(answers, test.targets.tolist(), strict=True))
    return {"accuracy": (right / len(test), len(test))}


def _series(rows: Any, row: int) -> Any:
    return rows[[row]].inputs[0].double().numpy()  # (T, D)


BASELINES: dict[str, tuple[str, Callable[[Any], Found]]] = {"nearest_dtw": ("label", nearest_by_warping)}
"""By name: the kind of data that it is for, and what measures it on the test split."""


def check_baseline(name: str, kind: str) -> None:
    """Refuse a baseline that there is not, or not for this kind of data.

    Raises:
        UnknownName: there is none of this name.
        ValueError: it is for another kind.
    """
    if name not in BASELINES:
        raise unknown("baseline", name, BASELINES)
    if BASELINES[name][0] != kind:
        raise ValueError(f"baseline {name} is for data of kind '{BASELINES[name][0]}', not '{kind}'.")


def measure_baseline(run: Run) -> list[ResultRow]:
    """The rows of a run that is not trained: the metrics of the test split."""
    data = DATA.create(run.data_name, **run.data)
    check_baseline(run.baseline, data.spec["kind"])
    begin = time.perf_counter()
    found = BASELINES[run.baseline][1](data)
    seconds = time.perf_counter() - begin
    units = {metric.name: metric.unit for metric in TASKS.entry(run.task).metrics}
    commit_hash, dirty = commit()
    shared: dict[str, Any] = {
        "table": run.table, "spec": run.spec, "label": run.label, "variant": run.variant, "layer": run.layer,
        "task": run.task, "data": run.data_name, "data_version": run.data_version, "seed": run.seed, "split": "test",
        "parameters": 0, "steps": 0, "seconds": round(seconds, 3), "samples_per_second": 0.0,
        "peak_memory_bytes": 0, "device": processor(), "world_size": 1, "precision": "64-true", "versions": versions(),
        "commit": commit_hash, "dirty": dirty, "finished_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "checkpoint_sha256": "",
    }  # fmt: skip
    return [ResultRow(metric=name, value=value, unit=units[name], n=n, **shared) for name, (value, n) in found.items()]
