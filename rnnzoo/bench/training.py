"""One run of a table: train, choose the checkpoint by validation, test it once, hand back its rows."""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from lightning.pytorch.trainer.states import TrainerFn

from rnnzoo.bench.compiling import Compile
from rnnzoo.bench.environment import cell_version, commit, device_name, versions
from rnnzoo.bench.loggers import RunLogs, conclude_run, table_logs
from rnnzoo.bench.quiet import quiet, say_once
from rnnzoo.bench.runs import Run
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.slow_precision import tell_slow_precision
from rnnzoo.bench.widths import count_parameters
from rnnzoo.callbacks import (
    TRACES,
    BestCheckpoint,
    DamagedCheckpoint,
    NonFinite,
    ResumePoint,
    Throughput,
    TraceValue,
    check_checkpoint,
    write_trace,
)
from rnnzoo.contracts import ResultRow
from rnnzoo.registry import DATA, TASKS


class Progress(Callback):
    """Tells ``report`` which share of the training is done, at every validation and every epoch's end."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self.report = report

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report."""
        self.report(trainer.global_step / max(1, trainer.estimated_stepping_batches))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report."""
        if trainer.state.fn == TrainerFn.FITTING:
            self.on_train_epoch_end(trainer, pl_module)


def train(
    run: Run,
    folder: Path,
    scale: Scale | None = None,
    wandb: str = "off",
    *,
    progress: Callable[[float], None] | None = None,
) -> list[ResultRow]:
    """Train and test ``run``, its working files in ``folder``; goes on from ``folder/last.ckpt`` where there is one.

    Where that file is damaged, or of another number of processes, this is told and the training begins anew.

    The checkpoint with the best validation metric (the first of equals) is measured on all three splits, each without
    dropout: validation, test (once) and train. It stays at ``folder/best.ckpt``. The run's traces go to
    ``folder/<trace>.csv``, what sums them up to rows of the split "train". Of several processes the first one has the
    rows, the others none.

    A run that records divergence ends with the step before a loss or gradient is no longer finite: it has the row
    ``diverged_at_step`` of the split "train", and no row of a metric that is not finite.

    Raises:
        NonFiniteError: the training diverged, and the run does not record that; names the tensor and the step.
    """
    scale = scale or Scale()
    folder.mkdir(parents=True, exist_ok=True)
    commit()
    with quiet(), table_logs(run, folder, wandb) as logs:
        rows, best = _train(run, folder, logs, scale, progress)
        if rows:
            conclude_run(logs, run, rows, best)
    return rows


def _train(
    run: Run, folder: Path, logs: RunLogs, scale: Scale, progress: Callable[[float], None] | None
) -> tuple[list[ResultRow], Path]:
    """The rows, and the checkpoint that they were measured with."""
    with quiet():
        seed_everything(run.seed, workers=True, verbose=False)
        data = DATA.create(run.data_name, **{**_shuffling(run), **run.data})
        data.take_steps_in(scale.accumulate)
        task = TASKS.create(run.task, spec=data.spec, layer=run.layer, **run.model)
        best = BestCheckpoint(run.monitor["metric"], mode=run.monitor["mode"], dirpath=folder)
        speed, resume = Throughput(), ResumePoint(folder / "last.ckpt")
        records = run.divergence == "record"
        non_finite = NonFinite(every_n_steps=1 if records else 10, end_training=records)
        traces = {name: TRACES[name](**options) for name, options in run.traces.items()}
        # what is not finite is looked for first: the traces are to record the steps that are taken
        compiled = [Compile()] if scale.compile else []
        callbacks = [*compiled, non_finite, *traces.values(), speed, best, resume, *logs.callbacks]
        callbacks += [Progress(progress)] if progress else []
        trainer = Trainer(
            accelerator="auto", logger=logs.loggers, callbacks=callbacks, default_root_dir=folder,
            deterministic="warn" if torch.cuda.is_available() else True, num_sanity_val_steps=0, log_every_n_steps=50,
            enable_progress_bar=False, enable_model_summary=False,
            **scale.trainer_arguments(run.trainer, lambda: len(data.train_dataloader()) // scale.accumulate),
        )  # fmt: skip
        tell_slow_precision(str(trainer.precision), trainer.strategy.root_device)
        trainer.fit(task, datamodule=data, ckpt_path=_whole(resume.path, trainer.world_size), weights_only=True)
        if trainer.interrupted:  # older versions of Lightning return
            raise KeyboardInterrupt
        best_path = trainer.strategy.broadcast(best.best_model_path)
        if not best_path:
            raise RuntimeError(
                f"the training ended after {trainer.global_step} steps, before its first validation, so there is no "
                "best checkpoint to test; train for longer, or validate more often (check_val_every_n_epoch)."
            )
        measuring = trainer
        if scale.strategy == "fsdp":  # a process has shares of the parameters: a whole model is measured
            task = TASKS.create(run.task, spec=data.spec, layer=run.layer, **run.model)
            measuring = _measuring(scale, run, list(traces.values()))
        task.load_state_dict(torch.load(best_path, map_location=task.device, weights_only=True)["state_dict"])
        measuring.loggers = []  # the curves are the training's: what is measured now goes into the rows
        measured = {}
        for split, key, measure in (
            ("validation", "val", lambda: measuring.validate(task, datamodule=data, verbose=False)),
            ("train", "val", lambda: measuring.validate(task, data.train_dataloader(), verbose=False)),
            ("test", "test", lambda: measuring.test(task, datamodule=data, verbose=False)),
        ):
            measure()
            measured[split] = task.results[key]
    if not trainer.is_global_zero:
        return [], Path(best_path)
    shared = _shared(run, trainer, task, speed, Path(best_path))
    shared["compile"] = {key: value for one in compiled if one.verdict for key, value in one.verdict.to_dict().items()}
    for name, trace in traces.items():
        write_trace(folder / f"{name}.csv", trace.records)
    units = {metric.name: metric.unit for metric in TASKS.entry(run.task).metrics}
    found_values = [
        (split, TraceValue(metric, value, units[metric], n))
        for split, results in measured.items()
        for metric, (value, n) in results.items()
        if not records or math.isfinite(value)
    ]
    found_values += [("train", value) for trace in traces.values() for value in trace.summary()]
    if non_finite.diverged_at_step is not None:
        found_values.append(("train", TraceValue("diverged_at_step", float(non_finite.diverged_at_step), "steps", 1)))
    return [ResultRow(split=split, **value._asdict(), **shared) for split, value in found_values], Path(best_path)


def _whole(path: Path, processes: int) -> Path | None:
    """``path``, where there is a checkpoint that ``processes`` processes can go on from."""
    if not path.is_file():
        return None
    try:
        written = len(check_checkpoint(path).get("resume", {}).get("processes", ()))
    except DamagedCheckpoint as error:
        say_once(f"{error} The run begins anew.")
        return None
    if written != processes:
        say_once(f"{path} was written by {written} process(es) and this run has {processes}; the run begins anew.")
        return None
    return path


def _measuring(scale: Scale, run: Run, callbacks: list[Callback]) -> Trainer:
    """A Trainer of the same processes in which each has the whole model."""
    return Trainer(
        accelerator="auto", devices=scale.devices, num_nodes=scale.nodes, strategy="ddp", logger=False,
        precision=run.trainer["precision"], enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, deterministic="warn" if torch.cuda.is_available() else True, callbacks=callbacks,
    )  # fmt: skip


def _shuffling(run: Run) -> dict[str, int]:
    """The run's seed for the data's shuffling, where the data has a ``seed``; a table's own ``data.seed`` wins."""
    takes = inspect.signature(DATA.entry(run.data_name).target).parameters
    return {"seed": run.seed} if "seed" in takes else {}


def _shared(run: Run, trainer: Trainer, task: LightningModule, speed: Throughput, checkpoint: Path) -> dict[str, Any]:
    """What all the rows of a run have in common."""
    accelerator = trainer.strategy.root_device.type
    commit_hash, dirty = commit()
    return {
        "table": run.table,
        "spec": run.spec,
        "label": run.label,
        "variant": run.variant,
        "layer": run.layer,
        "task": run.task,
        "data": run.data_name,
        "data_version": run.data_version,
        "seed": run.seed,
        "parameters": count_parameters(task),
        "steps": speed.steps,
        "epochs": round(speed.epochs, 6),
        "seconds": round(speed.seconds, 3),
        "samples_per_second": round(speed.samples_per_second, 3),
        "peak_memory_bytes": speed.peak_memory_bytes,
        "device": device_name(accelerator),
        "world_size": trainer.world_size,
        "precision": str(trainer.precision),
        "versions": versions() | cell_version(run.cell),
        "commit": commit_hash,
        "dirty": dirty,
        "finished_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "trial": run.trial,
        "contest": run.contest,
        "solved": run.solved,
        "checkpoint_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
    }
