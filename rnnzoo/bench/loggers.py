"""The logs of a run: its curves as CSV always, and in Weights & Biases as asked, with pictures, result and model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rnnzoo.bench.curves import next_attempt, write_curves
from rnnzoo.bench.run_id import run_id
from rnnzoo.bench.runs import WITHOUT_INFLUENCE, Run
from rnnzoo.bench.wandb_run import bounded, finish_session, seconds, start_wandb
from rnnzoo.registry import DATA

if TYPE_CHECKING:
    from lightning.pytorch import Callback, Trainer
    from lightning.pytorch.loggers import Logger

    from rnnzoo.callbacks import Pictures
    from rnnzoo.contracts import ResultRow

MEASURED = (
    "parameters", "steps", "seconds", "samples_per_second", "peak_memory_bytes", "device", "world_size", "precision",
    "dirty", "finished_at",
)  # fmt: skip
"""What the rows of a run have in common and its summary tells too."""

ORIGIN = (
    "table", "spec", "label", "layer", "task", "seed", "data", "data_version", "commit", "versions",
    "checkpoint_sha256",
)  # fmt: skip
"""The fields of a row that tell where its model comes from."""

EVERY = 50
"""Optimiser steps from one logged gradient norm to the next."""


class RunLogs:
    """What logs one training; as a context manager, whatever has been started is ended with it.

    The first process logs, the others have the loggers' shells. ``logs/attempt-N/metrics.csv`` takes every number as it
    comes; ``conclude`` brings the attempts together in ``metrics.csv`` and, with Weights & Biases, adds the result, the
    pictures and the model.

    Args:
        folder: of the run.
        wandb: "online", "offline" or "off".
        group, name, config: of the run in Weights & Biases.
        measured_by: "test" or "validate": which of the Trainer's measurements the pictures are taken from.

    Attributes:
        loggers, callbacks: for the Trainer.
        session: the run of Weights & Biases, None where there is none.
    """

    def __init__(
        self, folder: Path, wandb: str, *, group: str, name: str, config: dict[str, Any], measured_by: str = "test"
    ) -> None:
        from lightning.pytorch.callbacks import LearningRateMonitor
        from lightning.pytorch.loggers import CSVLogger
        from lightning.pytorch.utilities.rank_zero import rank_zero_only

        from rnnzoo.callbacks import GradientNorms, Pictures

        self.folder = folder
        self.config = config
        self.first = rank_zero_only.rank == 0  # type: ignore[attr-defined]
        self.session: Any = None
        self.csv = CSVLogger(str(folder), name="logs", version=next_attempt(folder), flush_logs_every_n_steps=1)
        self.loggers: list[Logger] = [self.csv]
        self.callbacks: list[Callback] = [
            LearningRateMonitor(logging_interval="step"),
            GradientNorms(every_n_steps=EVERY, path=folder / "gradient_norms.csv"),
        ]
        self.pictures: Pictures | None = None
        if wandb == "off":
            return
        self.pictures = Pictures(measured_by)  # in every process: it adds up what they have counted
        self.callbacks.append(self.pictures)
        if self.first:
            self._start(wandb, group, name, config)

    def _start(self, mode: str, group: str, name: str, config: dict[str, Any]) -> None:
        made = run_id(self.folder, f"{group}-{name}")
        self.session = start_wandb(mode, self.folder, group=group, name=name, config=config, id=made)
        if self.session is not None:
            from rnnzoo.bench.guarded_logger import GuardedWandbLogger

            self.logger = GuardedWandbLogger(self.session, str(self.folder))
            self.loggers.append(self.logger)

    def __enter__(self) -> RunLogs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run of Weights & Biases, as a failed one after an error, and bring the curves together."""
        if not self.first:
            return
        try:
            self.csv.save()
            write_curves(self.folder)
        finally:
            if self.session is not None and self.logger.alive:
                finish_session(self.session, failed=kind is not None)

    def conclude(
        self, summary: Mapping[str, Any], *, step: int, checkpoint: Path | None, origin: Mapping[str, Any]
    ) -> None:
        """Add what is known at the end of a training.

        Args:
            summary: the result.
            step: optimiser steps done.
            checkpoint: the best one, which becomes a model artifact.
            origin: where the model comes from: data, data_version, row file, the checkpoint's sha256, ...
        """
        if not self.first:
            return
        files = self._draw()
        if self.session is None or not self.logger.alive:
            return
        from rnnzoo.bench.wandb_artifacts import log_data, log_model

        def send() -> None:
            import wandb

            self.session.summary.update(dict(summary))
            images = {f"pictures/{name}": wandb.Image(str(path)) for name, path in files.items()}
            if images:
                self.session.log({**images, "trainer/global_step": step})
            if checkpoint is not None:
                log_model(self.session, checkpoint, {**origin, **summary})
            log_data(self.session, origin)  # waits for the server

        bounded("did not take the end of a run", send, seconds("WANDB_FINISH_TIMEOUT"))

    def _draw(self) -> dict[str, Path]:
        """The pictures as files in ``pictures``."""
        from rnnzoo.bench.quiet import say_once

        if self.pictures is None:
            return {}
        from rnnzoo.figures import save_figure

        for why in self.pictures.missing.values():
            say_once(f"pictures of the task are left out: {why}")
        folder = self.folder / "pictures"
        try:
            return {name: save_figure(figure, folder / f"{name}.png") for name, figure in self.pictures.figures.items()}
        except Exception as error:  # a picture less is no reason to lose a training
            say_once(f"pictures are left out: {type(error).__name__}: {error}")
            return {}


def table_logs(run: Run, folder: Path, wandb: str) -> RunLogs:
    """The logs of a table's ``run``."""
    varied = {**run.variant, **run.trial}
    name = "-".join([run.label, *(f"{key}{value}" for key, value in varied.items()), str(run.seed)])
    return RunLogs(folder, wandb, group=run.table, name=name, config=asdict(run))


def conclude_fit(logs: RunLogs, name: str, trainer: Trainer, data: Any, checkpoint: Path | None) -> None:
    """Measure the model that the training chose on the validation split, and add that with its checkpoint."""
    from rnnzoo.bench.environment import commit

    if logs.pictures is None:
        return
    task, trainer.loggers, trainer.callbacks = trainer.lightning_module, [], [logs.pictures]  # type: ignore[attr-defined]
    trainer.validate(task, datamodule=data, verbose=False)
    measured: Any = getattr(task, "results", {}).get("val", {})
    arguments = (logs.config.get("data") or {}).get("init_args") or {}
    summary = {f"result/validation/{metric}": value for metric, (value, _) in measured.items()}
    chosen = "" if checkpoint is None else hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    origin = {
        "recipe": name,
        "data": next((entry.name for entry in DATA.entries() if entry.target is type(data)), type(data).__name__),
        "data_version": str(getattr(data, "data_version", "")),
        "data_arguments": {key: value for key, value in arguments.items() if key not in WITHOUT_INFLUENCE},
        "checkpoint_sha256": chosen,
        "commit": commit()[0],
    }
    logs.conclude(summary, step=trainer.global_step, checkpoint=checkpoint, origin=origin)


def conclude_run(logs: RunLogs, run: Run, rows: list[ResultRow], checkpoint: Path) -> None:
    """Add a table's run's result rows, with the checkpoint that they were measured with."""
    first = asdict(rows[0])
    summary = {f"result/{row.split}/{row.metric}": row.value for row in rows}
    summary |= {f"result/{name}": first[name] for name in MEASURED}
    origin = {name: first[name] for name in ORIGIN}
    origin |= {"data_arguments": run.data, "row_file": os.path.join(run.table, f"{run.id}.jsonl")}
    logs.conclude(summary, step=rows[0].steps, checkpoint=checkpoint, origin=origin)
