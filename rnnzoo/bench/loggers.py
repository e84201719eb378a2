"""The loggers of a run: a CSV file always, Weights & Biases as asked; it never stops a training."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rnnzoo.bench.runs import Run

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

WANDB_MODES = ("online", "offline", "off")
PROJECT = "rnnzoo"


def default_wandb() -> str:
    """``online`` where a key is set, else ``offline``."""
    return "online" if os.environ.get("WANDB_API_KEY") else "offline"


def table_loggers(run: Run, folder: Path, wandb_mode: str) -> list[Logger]:
    """The loggers of a table's ``run``."""
    varied = {**run.variant, **run.trial}
    name = "-".join([run.label, *(f"{key}{value}" for key, value in varied.items()), str(run.seed)])
    return run_loggers(folder, wandb_mode, group=run.table, name=name, config=asdict(run))


def run_loggers(folder: Path, wandb_mode: str, *, group: str, name: str, config: dict[str, Any]) -> list[Logger]:
    """The loggers of a run, which write under ``folder``; a resumed run's CSV file is a new one beside the old."""
    from lightning.pytorch.loggers import CSVLogger
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    attempt = len(list((folder / "logs").glob("attempt-*")))
    found: list[Logger] = [CSVLogger(str(folder), name="logs", version=f"attempt-{attempt}")]
    if rank_zero_only.rank != 0:  # type: ignore[attr-defined]
        return found
    session = start_wandb(wandb_mode, folder, group=group, name=name, config=config)
    if session is not None:
        from lightning.pytorch.loggers import WandbLogger

        found.append(WandbLogger(experiment=session, save_dir=str(folder)))
    return found


def start_wandb(mode: str, folder: Path, *, group: str, name: str, config: dict[str, Any], **options: Any) -> Any:
    """A Weights & Biases run, or None where it is off or cannot be had (then why is printed, once a process)."""
    if mode == "off":
        return None
    from rnnzoo.bench.quiet import say_once

    try:
        import wandb
    except ImportError as error:
        say_once(f"Weights & Biases is left out: {error}")
        return None
    attempts: list[Literal["online", "offline"]] = ["online", "offline"] if mode == "online" else ["offline"]
    for attempt in attempts:
        try:
            session = wandb.init(
                project=PROJECT, group=group, name=name, config=config, dir=str(folder), mode=attempt,
                reinit="create_new", settings=wandb.Settings(silent=True, console="off", init_timeout=30), **options,
            )  # fmt: skip
        except Exception as error:  # whatever Weights & Biases fails on, the training matters more
            say_once(f"Weights & Biases {attempt} did not start ({type(error).__name__}: {error}).")
            continue
        if attempt == "offline":
            say_once(f"Weights & Biases logs offline; later: wandb sync {folder.parent}/*/wandb/offline-run-*")
        return session
    return None


def finish(found: list[Logger]) -> None:
    """Close the Weights & Biases run among the loggers."""
    from lightning.pytorch.loggers import WandbLogger

    for logger in found:
        if isinstance(logger, WandbLogger):
            try:
                logger.experiment.finish()
            except Exception as error:  # as above: never stop a training for it
                print(f"Weights & Biases did not finish: {error}", file=sys.stderr)


def log_report(
    mode: str, folder: Path, table: str, headings: list[str], lines: list[tuple[str, ...]], pictures: dict[str, Path]
) -> None:
    """Send a table's lines and pictures to Weights & Biases, as a run of its own in the table's group."""
    folder.mkdir(parents=True, exist_ok=True)
    session = start_wandb(mode, folder, group=table, name=f"{table}-report", config={}, job_type="report")
    if session is None:
        return
    try:
        import wandb

        images = {name: wandb.Image(str(path)) for name, path in pictures.items()}
        session.log({"table": wandb.Table(columns=[*headings], data=[list(line) for line in lines]), **images})
        session.finish()
    except Exception as error:  # as above: the rows are safe, whatever becomes of the copy
        print(f"Weights & Biases did not take the report: {error}", file=sys.stderr)
