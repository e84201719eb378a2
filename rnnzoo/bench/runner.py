"""Makes the runs of a table: none twice, several side by side, and on from where a killed one stopped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rnnzoo.bench.attempt import Making, make_run
from rnnzoo.bench.console import Console
from rnnzoo.bench.execution import Execution
from rnnzoo.bench.outcome import Outcome, row_file, work_folder
from rnnzoo.bench.preflight import check_runs
from rnnzoo.bench.runs import Run
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.scheduling import News, Pool, Scheduler
from rnnzoo.bench.wandb_mode import WANDB_MODES, default_wandb
from rnnzoo.registry import unknown

__all__ = ["Outcome", "make_runs", "row_file", "work_folder"]


def make_runs(
    runs: Sequence[Run],
    results: Path,
    *,
    scale: Scale | None = None,
    execution: Execution | None = None,
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
        execution: who makes the runs; None: this process, one after another.
        wandb: ``online``, ``offline`` or ``off``; None: online where a key is set, else offline.
        keep: keep each run's best checkpoint in its working folder.
        console: where progress is shown.

    Raises:
        UnknownName: ``wandb`` is none of the three, or the precision none of Lightning's.
        TableError: a run cannot be made so, or its rows have no place; nothing was written.
        WorkerError: there is no worker or no cluster to make them.
    """
    wandb = wandb or default_wandb()
    if wandb not in WANDB_MODES:
        raise unknown("--wandb mode", wandb, WANDB_MODES)
    making, execution = Making(results, scale or Scale(), wandb, keep), execution or Execution()
    execution.check(making.scale, runs)
    outcome, console = Outcome(), console or Console()
    pending: list[Run] = []
    for run in runs:
        (outcome.there if row_file(results, run).exists() else pending).append(run)
    check_runs(pending, results, making.scale, here=execution.executor == "local")
    if not pending:
        with console.progress(0, len(outcome.there)):
            return outcome
    pool, how = _pool(execution, making, len(pending), console)
    with console.progress(len(pending), len(outcome.there), how):
        Scheduler(pool, making, console, outcome).make(pending)
    return outcome


def _pool(execution: Execution, making: Making, pending: int, console: Console) -> tuple[Pool, str]:
    """The workers, and in words where they are."""
    if execution.here:
        return _Here(making, console), ""
    if execution.executor == "ray":
        from rnnzoo.bench.ray_pool import RayPool

        pool = RayPool(making, execution)
        return pool, f"on {pool.where}"
    from rnnzoo.bench.jobs import Jobs

    jobs = min(execution.jobs or 1, pending)
    return Jobs(jobs, making), f"in {jobs} processes"


class _Here:
    """This process as the only worker: a run is made when its news are asked for."""

    def __init__(self, making: Making, console: Console) -> None:
        self._making, self._console = making, console
        self._next: Run | None = None

    def room(self) -> int:
        """One, or none."""
        return int(self._next is None)

    def start(self, run: Run, again: bool) -> None:
        """Take the run that is made next."""
        self._next = run

    def news(self) -> Sequence[News]:
        """Make it; that it begins and how far it is, the console hears at once."""
        run, self._next = self._next, None
        if run is None:
            return []
        settled = make_run(
            run,
            self._making,
            started=lambda: self._console.started(run),
            progress=lambda share: self._console.share(run, share),
        )
        return [News(settled.kind, run, settled.why)]

    def stop(self) -> bool:
        """Nothing is under way when this is called."""
        return False

    def close(self) -> None:
        """There is nobody to let go."""
