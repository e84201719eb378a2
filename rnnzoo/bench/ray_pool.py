"""The runs of a table as tasks of a Ray cluster. The nodes train; this process alone writes rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from filelock import FileLock, Timeout

from rnnzoo.bench.attempt import Making, publish
from rnnzoo.bench.execution import Execution
from rnnzoo.bench.outcome import lock_file, row_file, work_folder
from rnnzoo.bench.ray_cluster import check_nodes, connect, nodes, resources
from rnnzoo.bench.ray_task import Task, perform, surroundings
from rnnzoo.bench.runs import Run
from rnnzoo.bench.scheduling import News
from rnnzoo.bench.shipping import packed
from rnnzoo.contracts import ResultRow

WAIT = 1.0
"""Seconds between two looks at the cluster's size while no task ends."""


class RayPool:
    """A pool whose workers are those of a Ray cluster; Ray places the tasks and uses its processes again.

    Each run is locked here while it is on the cluster, so that another process with the same folder leaves it alone. A
    task whose worker or node died is not retried by Ray but by the scheduler, which tells of it and counts.

    Raises:
        WorkerError: there is no Ray, no cluster, or a node that cannot do the work.
        TableError: a run asks for more than any node has.
    """

    def __init__(self, making: Making, execution: Execution) -> None:
        self._making = making
        self._ray = connect(execution.address)
        try:
            wanted = resources(self._ray, execution.jobs, making.scale.devices)
            check_nodes(self._ray, making.results.resolve())
        except BaseException:
            self._ray.shutdown()
            raise
        self._cpus, self._gpus = wanted["CPU"], wanted.get("GPU", 0.0)
        self._task = self._ray.remote(num_cpus=self._cpus, num_gpus=self._gpus, max_retries=0)(perform)
        self._runs: dict[Any, Run] = {}  # by reference of the result
        self._locks: dict[str, FileLock] = {}
        self._news: list[News] = []

    @property
    def where(self) -> str:
        """The cluster in a few words."""
        count = len(nodes(self._ray))
        asked = f"{self._cpus:.0f} CPU" + (f", {self._gpus:.0f} GPU" if self._gpus else "")
        return f"{count} Ray node{'s' * (count > 1)}, {self._slots()} at a time ({asked} each)"

    def room(self) -> int:
        """What the cluster has room for now, and one more, so that a cluster that can grow sees the demand."""
        return max(0, self._slots() + 1 - len(self._runs))

    def start(self, run: Run, again: bool) -> None:
        """Submit a run, unless another process has it or had it."""
        folder = work_folder(self._making.results, run).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(lock_file(self._making.results, run))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self._news.append(News("elsewhere", run))
            return
        if row_file(self._making.results, run).exists():
            lock.release()
            self._news.append(News("there", run))
            return
        self._locks[run.id] = lock
        task = Task(
            run.to_json(), str(folder), self._making.scale.to_dict(), self._making.wandb, packed(run.imports),
            os.getcwd(), dict(surroundings()),
        )  # fmt: skip
        self._runs[self._task.remote(task)] = run
        self._news.append(News("started", run, "Ray"))

    def news(self) -> Sequence[News]:
        """What became of tasks; waits a moment for the first."""
        if self._runs and not self._news:
            ready, _ = self._ray.wait(list(self._runs), num_returns=1, timeout=WAIT)
            self._news += [self._ended(reference) for reference in ready]
        found, self._news = self._news, []
        return found

    def stop(self) -> bool:
        """Interrupt every task; says whether there is any."""
        for reference in self._runs:
            self._ray.cancel(reference, force=False)
        return bool(self._runs)

    def close(self) -> None:
        """Leave the cluster, which ends what is on it still; end it, if it was started for this."""
        for lock in self._locks.values():
            lock.release()
        self._ray.shutdown()

    def _ended(self, reference: Any) -> News:
        errors = self._ray.exceptions
        run = self._runs.pop(reference)
        try:
            told = self._ray.get(reference)
            if told["kind"] == "made":
                publish(run, [ResultRow(**row) for row in told["rows"]], self._making)
            return News(told["kind"], run, told.get("text", ""), told.get("note", ""))
        except errors.TaskCancelledError:
            return News("stopped", run)
        except errors.RayTaskError as error:  # outside the training: a file of the user's that does not import there
            return News("failed", run, _last_line(error))
        except errors.RayError as error:  # worker or node died
            return News("died", run, f"{type(error).__name__}: {_first_sentence(error)}")
        finally:
            self._locks.pop(run.id).release()

    def _slots(self) -> int:
        """How many runs the nodes have room for."""
        found = 0
        for node in nodes(self._ray):
            fit = [node["Resources"]["CPU"] // self._cpus]
            fit += [node["Resources"].get("GPU", 0.0) // self._gpus] if self._gpus else []
            found += int(min(fit))
        return found


def _first_sentence(error: Exception) -> str:
    """What of Ray's own error is for users; the rest says how to look into its logs."""
    return (str(error).strip() or "no more is known").splitlines()[0].partition(". ")[0]


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
