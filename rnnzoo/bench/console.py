"""What `bench run` shows while it works: a bar with the time left on a terminal, one plain line a run elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from rnnzoo.bench.race_report import race_headline
from rnnzoo.bench.runs import Run
from rnnzoo.bench.summary import spoken_time


class Console:
    """Progress over the runs of a table."""

    def __init__(self, rich: RichConsole | None = None) -> None:
        self.rich = rich or RichConsole(highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._total = self._done = 0
        self._started = 0.0

    @contextmanager
    def progress(self, pending: int, there: int) -> Iterator[None]:
        """Around all the runs."""
        self._total, self._done, self._started = pending, 0, time.monotonic()
        already = f", {there} are there already" if there else ""
        self.rich.print(f"{pending} runs to make{already}.")
        if not self.rich.is_terminal or not pending:
            yield
            return
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("runs, time left"),
            TimeRemainingColumn(),
        )  # fmt: skip
        with Progress(*columns, console=self.rich, speed_estimate_period=3600) as self._bar:
            self._task = self._bar.add_task("", total=pending)
            yield
        self._bar = None

    @contextmanager
    def run(self, run: Run) -> Iterator[Callable[[float], None] | None]:
        """Around one run; gives what its training reports its share to."""
        if self._bar is None or self._task is None:
            self.rich.print(f"[{self._done + 1}/{self._total}] {run.title}", markup=False)
            yield None
            return
        bar, task, done = self._bar, self._task, self._done
        bar.update(task, description=run.title)
        yield lambda share: bar.update(task, completed=round(done + 0.99 * share, 2))

    def finished(self, run: Run, rows: Path) -> None:
        """A run has its rows."""
        from rnnzoo.callbacks import read_rows

        metric, made = run.monitor["metric"], read_rows(rows)
        found = [row for row in made if row.split == "test" and row.metric == metric]
        value = f"test {metric} {found[0].value:.4f}, {found[0].seconds:.0f} s" if found else ""
        value = race_headline(made) if run.race else value
        self._settle()
        left = (time.monotonic() - self._started) / self._done * (self._total - self._done)
        plain = f"; about {spoken_time(left)} left" if self._bar is None and self._done < self._total else ""
        self.rich.print(f"{run.title}: {value}{plain}", markup=False)

    def skipped(self, run: Run) -> None:
        """Another process made the run meanwhile."""
        self._settle()
        self.rich.print(f"{run.title}: made by another process meanwhile", markup=False)

    def failed(self, run: Run, why: str) -> None:
        """A run diverged."""
        self._settle()
        self.rich.print(f"{run.title} failed: {why}", markup=False)

    def _settle(self) -> None:
        self._done += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done)
