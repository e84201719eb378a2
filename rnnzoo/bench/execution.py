"""Where the runs of a table are made: in this process, in several of this machine, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rnnzoo.bench.errors import DeviceError, TableError
from rnnzoo.bench.runs import Run
from rnnzoo.bench.scale import Scale
from rnnzoo.registry import unknown

EXECUTORS = ("local", "ray")
ALONE = {"SLURM_JOB_NAME": "interactive"}
"""What tells Lightning that a worker is no task of the SLURM job which it runs in."""


@dataclass(frozen=True)
class Execution:
    """Who makes the runs. None of it changes what a run computes.

    Args:
        executor: ``local``, or ``ray``: every run is a task of a Ray cluster.
        jobs: runs at the same time on each machine, the cores shared among them; None: one here; on Ray, one a core,
            or one a GPU.
        address: of the Ray cluster, ``auto`` or ``HOST:PORT``; None: a Ray of this machine alone, for this table.

    Raises:
        UnknownName: there is no such executor.
        TableError: fewer than one job, or an address without Ray.
    """

    executor: str = "local"
    jobs: int | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise unknown("--executor", self.executor, EXECUTORS)
        if self.jobs is not None and self.jobs < 1:
            raise TableError(f"--jobs is a number of runs at the same time, at least 1, not {self.jobs}.")
        if self.address is not None and self.executor != "ray":
            raise TableError(f"--address {self.address} is that of a Ray cluster; add --executor ray.")

    @property
    def here(self) -> bool:
        """Whether this process makes the runs itself, one after another."""
        return self.executor == "local" and (self.jobs or 1) == 1

    def check(self, scale: Scale, runs: Sequence[Run] = ()) -> None:
        """Refuse what does not go together, before anything is made.

        Raises:
            TableError: races beside one another, runs over several machines, or processes that others started.
        """
        if self.here:
            return
        from rnnzoo.bench.launched import launched

        there = launched()
        given = "--executor ray" if self.executor == "ray" else f"--jobs {self.jobs}"
        if there is not None and there.size > 1:
            raise DeviceError(
                f"{given} starts its own processes, and {there.by} started {there.size}; start the command once."
            )
        if scale.nodes > 1:
            raise TableError(
                f"{given} makes each run on one machine, not on {scale.nodes}; leave out --nodes, or {given}."
            )
        for run in runs:
            if run.race:
                raise TableError(f"{run.title} measures time, which runs beside it would change; leave out {given}.")
