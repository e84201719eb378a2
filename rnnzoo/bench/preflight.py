"""What can be known to fail is found before a table's first run starts and before anything is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rnnzoo.bench.compile_check import check_compile
from rnnzoo.bench.devices import check_devices
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.runs import Run
from rnnzoo.bench.scale import Scale
from rnnzoo.registry import DATA, TASKS

OF_A_PROCESS = ("limit_val_batches", "limit_test_batches", "overfit_batches")
"""Arguments of the Trainer that choose other rows with every number of processes."""


def check_runs(runs: Sequence[Run], results: Path, scale: Scale, *, here: bool = True) -> None:
    """Check that every run can be made on this machine and that its rows have a place.

    Args:
        here: whether it is this machine's devices that the runs are made on.

    Raises:
        UnknownName: there is no such precision.
        TableError: says which run or folder, what is wrong, and what to do.
        MissingData: a dataset's files are not there.
    """
    for table in dict.fromkeys(run.table for run in runs):
        check_folder(results, table)
    for run in runs:
        if run.race and scale != Scale():
            raise TableError(
                f"{run.title}: a race runs in one process on one processor; leave out --devices and the like."
            )
        for key in OF_A_PROCESS:
            if key in run.trainer and scale.processes * scale.accumulate > 1:
                raise TableError(
                    f"{run.title}: trainer.{key} of the table would choose other rows in several processes or parts; "
                    "take it out, or leave out --devices and --accumulate."
                )
        if scale.strategy == "fsdp" and (run.trainer.get("gradient_clip_val") or run.model.get("clip_per_tensor")):
            raise TableError(
                f"{run.title}: the table clips gradients by their norm, which no process knows whole under strategy "
                "fsdp; use --strategy ddp."
            )
    trainings = [run for run in runs if not run.race]
    for precision in dict.fromkeys(str(run.trainer["precision"]) for run in trainings if here):
        check_devices(scale.devices, scale.nodes, scale.strategy, precision)
    if scale.compile:
        check_compile((run.layer for run in trainings), scale.strategy)
    _check_models(trainings)


def check_folder(results: Path, table: str) -> None:
    """Check that rows of ``table`` can go below ``results``.

    Raises:
        TableError: what lies there are rows of another table, of a newer schema, or no rows.
    """
    from rnnzoo.callbacks import read_rows

    inside = next(iter(sorted(results.glob("*.jsonl"))), None) if results.is_dir() else None
    if inside is not None:
        raise TableError(
            f"{results} is the folder of one table's rows ({inside.name} lies in it); --results is the folder that "
            "has a folder a table, such as the one above it."
        )
    for path in sorted((results / table).glob("*.jsonl")):
        try:
            strangers = {row.table for row in read_rows(path)} - {table}
        except ValueError as error:
            raise TableError(f"the rows of table {table} cannot be read: {error}") from error
        if strangers:
            raise TableError(
                f"{path} holds rows of table {', '.join(sorted(strangers))} in the folder of table {table}; give "
                "--results another folder, or the table another name."
            )


def _check_models(runs: Sequence[Run]) -> None:
    """Build every model once, without its numbers: what a task or a layer refuses shows there."""
    import torch

    specs: dict[str, Any] = {}
    seen = set()
    for run in runs:
        data = json.dumps([run.data_name, run.data], sort_keys=True)
        model = json.dumps([data, run.task, run.layer, run.model], sort_keys=True)
        if model in seen:
            continue
        seen.add(model)
        if data not in specs:
            specs[data] = DATA.create(run.data_name, **run.data).spec
        try:
            with torch.device("meta"):
                TASKS.create(run.task, spec=specs[data], layer=run.layer, **run.model)
        except (ValueError, TypeError) as error:
            raise TableError(
                f"{run.title}: task {run.task} with layer {run.layer} refuses its settings: {error}"
            ) from error
