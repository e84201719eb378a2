"""Makes the runs of a table: none twice, several processes side by side, and on from where a killed one stopped."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from rnnzoo.bench.console import Console
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.launched import launched
from rnnzoo.bench.preflight import check_runs
from rnnzoo.bench.run_id import forget_run_id
from rnnzoo.bench.runs import Run
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.wandb_mode import WANDB_MODES, default_wandb
from rnnzoo.registry import unknown


@dataclass
class Outcome:
    """What became of the runs that were asked for."""

    made: list[Run] = field(default_factory=list)
    there: list[Run] = field(default_factory=list)  # their rows existed
    elsewhere: list[Run] = field(default_factory=list)  # another process is at them
    failed: dict[str, str] = field(default_factory=dict)  # title -> why


def row_file(results: Path, run: Run) -> Path:
    """Where the rows of ``run`` go; the run is finished when this file exists."""
    return results / run.table / f"{run.id}.jsonl"


def work_folder(results: Path, run: Run) -> Path:
    """Where the checkpoints and logs of ``run`` live."""
    return results / ".runs" / run.table / run.id


def make_runs(
    runs: Sequence[Run],
    results: Path,
    *,
    scale: Scale | None = None,
    wandb: str | None = None,
    keep: bool = False,
    console: Console | None = None,
) -> Outcome:
    """Make every run whose row file is not there yet.

    Each run is locked while it is made, without waiting: of several processes with the same table, each takes the runs
    that no other has taken. A run whose process was killed goes on from its last checkpoint. Where one fails, it is
    told, its traceback goes to ``error.txt`` in its working folder, and the others go on.

    Args:
        results: the folder of result rows.
        scale: what each run is spread over; None: one device.
        wandb: ``online``, ``offline`` or ``off``; None: online where a key is set, else offline.
        keep: keep each run's best checkpoint in its working folder.
        console: where progress is shown.

    Raises:
        UnknownName: ``wandb`` is none of the three, or the precision none of Lightning's.
        TableError: a run cannot be made here, or its rows have no place; nothing was written.
    """
    wandb = wandb or default_wandb()
    if wandb not in WANDB_MODES:
        raise unknown("--wandb mode", wandb, WANDB_MODES)
    outcome, scale = Outcome(), scale or Scale()
    pending: list[Run] = []
    for run in runs:
        (outcome.there if row_file(results, run).exists() else pending).append(run)
    check_runs(pending, results, scale)
    console = console or Console()
    with console.progress(len(pending), len(outcome.there)):
        while pending:
            busy, before = [], len(pending)
            for run in pending:
                if not _make(run, results, scale, wandb, keep, console, outcome):
                    busy.append(run)
            pending = busy
            if len(busy) == before:
                break
    outcome.elsewhere = pending
    return outcome


def _make(run: Run, results: Path, scale: Scale, wandb: str, keep: bool, console: Console, outcome: Outcome) -> bool:
    """Make one run, unless another process holds it; says whether it is settled."""
    from rnnzoo.callbacks import NonFiniteError

    rows, folder = row_file(results, run), work_folder(results, run)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.parent / f"{run.id}.lock", timeout=0):
            if rows.exists():  # another process finished it meanwhile
                outcome.there.append(run)
                console.skipped(run)
                return True
            with console.run(run) as progress:
                try:
                    train_and_write(run, rows, folder, scale=scale, wandb=wandb, progress=progress)
                except NonFiniteError as error:
                    outcome.failed[run.title] = str(error)
                    console.failed(run, str(error))
                    return True
                except (TableError, OSError):
                    raise
                except Exception as error:  # one layer's fault, told at the end, is not to cost the others their runs
                    why = f"{type(error).__name__}: {error} ({folder / 'error.txt'})"
                    (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
                    outcome.failed[run.title] = why
                    console.failed(run, why)
                    return True
            clean(folder, keep)
            outcome.made.append(run)
            console.finished(run, rows)
    except Timeout:
        return False
    return True


def train_and_write(
    run: Run, rows: Path, folder: Path, *, scale: Scale, wandb: str, progress: Callable[[float], None] | None
) -> None:
    """Train ``run`` (or race it), write traces and rows; in several processes from one of its own, which those copy.

    Processes that were started together train together.

    Raises:
        Broken: one of those failed.
    """
    (folder / "run.json").write_text(run.to_json(), encoding="utf-8")
    if run.race:
        from rnnzoo.bench.racing import race
        from rnnzoo.callbacks import write_rows

        write_rows(rows, race(run))
        return
    from rnnzoo.bench.traces import publish_traces
    from rnnzoo.bench.training import train
    from rnnzoo.callbacks import write_rows

    there = launched()
    if there is not None and there.size > 1:
        measured = there.lead(train, run, folder, scale, wandb, progress=progress)
    elif scale.processes > 1:
        command = [
            sys.executable,
            "-m",
            "rnnzoo.bench.worker",
            str(folder / "run.json"),
            str(rows),
            json.dumps(scale.to_dict()),
            wandb,
        ]
        if subprocess.run(command).returncode:
            raise RuntimeError(
                f"the processes of run {run.title} on {scale.processes} devices failed; see their output above."
            )
        return
    else:
        measured = train(run, folder, scale, wandb, progress=progress)
    publish_traces(run, folder, rows)
    write_rows(rows, measured)


def clean(folder: Path, keep: bool) -> None:
    """Leave the logs of a finished run, and its best checkpoint if it is to be kept."""
    (folder / "last.ckpt").unlink(missing_ok=True)
    forget_run_id(folder)
    if not keep:
        (folder / "best.ckpt").unlink(missing_ok=True)
