"""Every setting of a table is checked against what takes it, before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rnnzoo.bench.errors import TableError, refuse_unknown_keys
from rnnzoo.bench.table import Table, TableEntry
from rnnzoo.registry import DATA, LAYERS, TASKS, unknown
from rnnzoo.registry.signatures import parameters_of

OWNED = (  # arguments of the Trainer that the runner sets itself
    "accelerator", "devices", "num_nodes", "strategy", "logger", "callbacks", "default_root_dir", "deterministic",
    "enable_checkpointing", "enable_model_summary", "enable_progress_bar", "log_every_n_steps", "num_sanity_val_steps",
    "use_distributed_sampler",
)  # fmt: skip
ACCUMULATE = "accumulate_grad_batches"
DATASET = "data"
"""What varies by this name is no argument but the dataset itself, in place of ``data.name``."""


def check_settings(table: Table, entries: Sequence[TableEntry]) -> None:
    """Check the layers, the task, the data and every argument given to them.

    Raises:
        UnknownName: a layer, the task, the dataset or a trace is not known.
        TableError: an argument is not known, or is the runner's own.
    """
    from lightning.pytorch import Trainer

    from rnnzoo.bench.baselines import BASELINES
    from rnnzoo.callbacks import TRACES

    task, known = TASKS.entry(table.task), arguments_of(Trainer, *OWNED, ACCUMULATE)
    metrics = [metric.name for metric in task.metrics]
    if table.monitor.metric not in metrics:
        raise TableError(f"table {table.name}: monitor.metric is one of {metrics}, not '{table.monitor.metric}'.")
    for name in table.metrics:
        if name not in metrics:
            raise TableError(f"table {table.name}: metrics has '{name}', and task {table.task} measures {metrics}.")
    for name, options in table.traces.items():
        if name not in TRACES:
            raise unknown("trace", name, TRACES)
        where = f"table {table.name}, traces.{name}"
        refuse_unknown_keys("argument of the trace", options, arguments_of(TRACES[name]), where)
    for entry in entries:
        where = f"table {table.name}, entry {entry.label}"
        if entry.layer != "none":
            LAYERS.entry(entry.layer)
        if entry.baseline and entry.baseline not in BASELINES:
            raise unknown("baseline", entry.baseline, BASELINES)
        data = {**table.data, **entry.data}
        named = data.pop("name")
        model = {**table.model, **entry.model}
        trainer = {**table.trainer, **entry.trainer}
        taken = arguments_of(task.target, "spec", "layer")
        for name in table.variants.get(DATASET, [named]):
            of_data = arguments_of(DATA.entry(name).target)
            refuse_unknown_keys("argument of the data", data, of_data, where)
            varied = {key: values for key, values in table.variants.items() if key != DATASET}
            refuse_unknown_keys("argument of the data or the task", varied, [*of_data, *taken], where)
        refuse_unknown_keys("argument of the task", model, taken, where)
        refuse_unknown_keys("argument of the task", table.trials, taken, f"{where}, trials")
        if (entry.parameters or table.parameters) and "hidden_size" not in taken:
            raise TableError(f"{where}: task {table.task} has no hidden_size to be worked out; take out `parameters`.")
        for key in table.trials:
            if key in model or (key == "hidden_size" and (entry.parameters or table.parameters)):
                raise TableError(f"{where}: {key} is varied by the table's trials; say it there alone.")
        if ACCUMULATE in trainer:
            raise TableError(
                f"{where}: trainer.{ACCUMULATE} is no setting of a table, whose batch_size is that of a whole "
                "optimiser step; take it out, multiply the batch_size, and give --accumulate where memory is short."
            )
        for key in trainer:
            if key in OWNED:
                raise TableError(f"{where}: trainer.{key} is set by the runner; take it out of the table.")
        refuse_unknown_keys("argument of the Trainer", trainer, known, where)


def arguments_of(target: Any, *without: str) -> list[str]:
    """The names of the keyword arguments that ``target`` and, where it passes them on, its bases take."""
    return [name for name in parameters_of(target) if name not in without]
