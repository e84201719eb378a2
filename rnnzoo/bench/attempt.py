"""One attempt at a run, wherever it is made: in this process, in a worker of it, or on another machine."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from filelock import FileLock, Timeout

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.launched import launched
from rnnzoo.bench.outcome import lock_file, row_file, work_folder
from rnnzoo.bench.run_id import forget_run_id
from rnnzoo.bench.runs import Run
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.worker import WATCHED
from rnnzoo.contracts import ResultRow


@dataclass(frozen=True)
class Making:
    """How every run of a table is made.

    Args:
        results: the folder of result rows.
        scale: what each run is spread over.
        wandb: ``online``, ``offline`` or ``off``.
        keep: keep each run's best checkpoint in its working folder.
    """

    results: Path
    scale: Scale
    wandb: str
    keep: bool = False


@dataclass(frozen=True)
class Settled:
    """What came of an attempt: ``made``, ``there`` (somebody else had), ``elsewhere`` (is at it) or ``failed``."""

    kind: str
    why: str = ""
    rows: list[ResultRow] = field(default_factory=list)


def make_run(
    run: Run,
    making: Making,
    *,
    started: Callable[[], None],
    progress: Callable[[float], None] | None,
    patience: float = 0.0,
) -> Settled:
    """Make ``run``, locked meanwhile, and write its rows; none of it where they are there or the lock is held.

    Args:
        started: called once the run is this process's.
        progress: is told the share that is done.
        patience: seconds to wait for the lock.

    Raises:
        TableError, OSError: what would stop every other run as well.
    """
    rows, folder = row_file(making.results, run), work_folder(making.results, run)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(lock_file(making.results, run)).acquire(timeout=patience)
    except Timeout:
        return Settled("elsewhere")
    with held:
        if rows.exists():  # another process finished it meanwhile
            return Settled("there")
        started()
        settled = attempt(run, folder, making.scale, making.wandb, progress)
        if settled.kind == "made":
            publish(run, settled.rows, making)
    return settled


def attempt(
    run: Run, folder: Path, scale: Scale, wandb: str, progress: Callable[[float], None] | None = None
) -> Settled:
    """Train ``run`` in ``folder``, on from the checkpoint there, and give its rows; its traces stay in the folder.

    A failure's traceback goes to ``error.txt`` in the folder.

    Raises:
        TableError, OSError: what would stop every other run as well.
    """
    from rnnzoo.callbacks import NonFiniteError

    try:
        return Settled("made", rows=_rows(run, folder, scale, wandb, progress))
    except NonFiniteError as error:
        return Settled("failed", str(error))
    except (TableError, OSError):
        raise
    except Exception as error:  # one layer's fault, told at the end, is not to cost the others their runs
        (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        return Settled("failed", f"{type(error).__name__}: {error} ({folder / 'error.txt'})")


def publish(run: Run, rows: list[ResultRow], making: Making) -> None:
    """Put the traces of a trained ``run`` and its rows where they belong, and clear its working folder.

    Its logs stay, and its best checkpoint if it is to be kept.
    """
    from rnnzoo.bench.traces import publish_traces
    from rnnzoo.callbacks import write_rows

    folder, path = work_folder(making.results, run), row_file(making.results, run)
    publish_traces(run, folder, path)
    write_rows(path, rows)
    forget_run_id(folder)
    for name in ("last.ckpt", "rows.jsonl", *(() if making.keep else ("best.ckpt",))):
        (folder / name).unlink(missing_ok=True)


def _rows(
    run: Run, folder: Path, scale: Scale, wandb: str, progress: Callable[[float], None] | None
) -> list[ResultRow]:
    (folder / "run.json").write_text(run.to_json(), encoding="utf-8")
    if run.race:
        from rnnzoo.bench.racing import race

        return race(run)
    if run.baseline:
        from rnnzoo.bench.baselines import measure_baseline

        return measure_baseline(run)
    from rnnzoo.bench.training import train

    there = launched()
    if there is not None and there.size > 1:  # processes that were started together train together
        return there.lead(train, run, folder, scale, wandb, progress=progress)
    if scale.processes > 1:
        return _in_processes(run, folder, scale, wandb)
    return train(run, folder, scale, wandb, progress=progress)


def _in_processes(run: Run, folder: Path, scale: Scale, wandb: str) -> list[ResultRow]:
    """Train in several processes, which copy one that is started for it.

    They are of a group of their own, so that Ctrl-C reaches this process alone; it has them stop, and so does its end.
    """
    from rnnzoo.callbacks import read_rows

    rows = folder / "rows.jsonl"
    rows.unlink(missing_ok=True)
    given = [str(folder / "run.json"), str(rows), json.dumps(scale.to_dict()), wandb, WATCHED]
    command = [sys.executable, "-m", "rnnzoo.bench.worker", *given]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    watched = cast(IO[bytes], process.stdin)  # it is a pipe
    try:
        code = process.wait()
    except BaseException:
        watched.close()  # they save, and end
        process.wait()
        raise
    watched.close()
    if code:
        raise RuntimeError(
            f"the processes of run {run.title} on {scale.processes} devices failed; see their output above."
        )
    return read_rows(rows)
