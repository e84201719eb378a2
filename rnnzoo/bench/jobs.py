"""Several runs at a time on this machine: worker processes, each of which makes one run after another."""

from __future__ import annotations

import os
import queue
from collections.abc import Sequence

from rnnzoo.bench.attempt import Making
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.job_process import JobProcess
from rnnzoo.bench.runs import Run
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.scheduling import News

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Jobs:
    """A pool of ``jobs`` worker processes, each started with the first run that needs it.

    Args:
        jobs: how many runs at a time.
        making: how each run is made.

    Raises:
        TableError: a run asks for more GPUs than there are.
    """

    def __init__(self, jobs: int, making: Making) -> None:
        self._making = making
        self._environments = environments(jobs, making.scale, gpus())
        self._workers: list[JobProcess | None] = [None] * jobs
        self._queue: queue.SimpleQueue[tuple[JobProcess, News]] = queue.SimpleQueue()

    def room(self) -> int:
        """Workers that have nothing to do."""
        return sum(worker is None or worker.run is None for worker in self._workers)

    def start(self, run: Run, again: bool) -> None:
        """Hand a run to a worker; one that has worked before is asked first."""
        free = [i for i, worker in enumerate(self._workers) if worker is None or worker.run is None]
        place = min(free, key=lambda i: self._workers[i] is None)
        worker = self._workers[place]
        if worker is None:
            worker = JobProcess(place + 1, self._environments[place], self._making, self._queue)
            self._workers[place] = worker
        worker.make(run, again)

    def news(self) -> Sequence[News]:
        """What the workers said, at least one thing, or nothing after a second."""
        found = []
        try:
            worker, news = self._queue.get(timeout=1.0)
            while True:
                found += self._heard(worker, news)
                worker, news = self._queue.get_nowait()
        except queue.Empty:
            return found

    def stop(self) -> bool:
        """Have every worker save and end; says whether any has a run."""
        workers = [worker for worker in self._workers if worker is not None]
        for worker in workers:
            worker.stop()
        return any(worker.run for worker in workers)

    def close(self) -> None:
        """End the workers: those that have a run still, at once."""
        self.stop()
        for worker in self._workers:
            if worker is not None:
                worker.close()

    def _heard(self, worker: JobProcess, news: News) -> list[News]:
        if news.kind == "ended":
            place = self._workers.index(worker)
            self._workers[place] = None
            return worker.ended(news.text)
        if news.kind not in ("said", "started", "share", "stopped"):
            worker.run = None  # it can have the next one
        return [news]


def environments(jobs: int, scale: Scale, gpus: Sequence[str]) -> list[dict[str, str]]:
    """What each worker's environment has besides this process's: its share of the cores, and its GPUs.

    A number of threads that the environment has already stays.

    Raises:
        TableError: a run asks for more GPUs than there are.
    """
    threads = str(max(1, cores() // (jobs * scale.devices)))
    found = [{name: os.environ.get(name, threads) for name in THREADS} for _ in range(jobs)]
    if gpus:
        if scale.devices > len(gpus):
            raise TableError(f"--devices {scale.devices}: this machine has {len(gpus)} GPUs ({', '.join(gpus)}).")
        for job, environment in enumerate(found):
            mine = [gpus[(job * scale.devices + i) % len(gpus)] for i in range(scale.devices)]
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(mine)
    return found


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus() -> list[str]:
    """The GPUs that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return named[:count] if named else [str(i) for i in range(count)]
