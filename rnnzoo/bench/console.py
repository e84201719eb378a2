"""What `bench run` shows while it works: bars with the time left on a terminal, plain lines elsewhere.

On a terminal a bar over all runs stands above one for each run that is being made; in a log, a run has a line when it
begins and one when it is settled.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from rnnzoo.bench.race_report import race_headline
from rnnzoo.bench.runs import Run
from rnnzoo.bench.summary import spoken_time


class Console:
    """Progress over the runs of a table."""

    def __init__(self, rich: RichConsole | None = None) -> None:
        self.rich = rich or RichConsole(highlight=False, soft_wrap=True)
        self._bars: Progress | None = None
        self._all: TaskID | None = None
        self._bar_of: dict[str, TaskID] = {}  # of a run that is being made, by its id
        self._share_of: dict[str, float] = {}
        self._begun: set[str] = set()
        self._said: set[str] = set()
        self._total = self._done = 0
        self._started = 0.0

    @contextmanager
    def progress(self, pending: int, there: int, how: str = "") -> Iterator[None]:
        """Around all the runs.

        Args:
            how: where they are made, such as ``in 4 processes``; "" where that needs no word.
        """
        self._total, self._done, self._started = pending, 0, time.monotonic()
        already = f", {there} are there already" if there else ""
        self.rich.print(f"{pending} runs to make{f' {how}' if how and pending else ''}{already}.", markup=False)
        if not self.rich.is_terminal or not pending:
            yield
            return
        columns = (
            TextColumn("{task.description}", markup=False), BarColumn(),
            TextColumn("{task.fields[share]}, time left", markup=False), TimeRemainingColumn(),
        )  # fmt: skip
        with Progress(*columns, console=self.rich, speed_estimate_period=3600) as self._bars:
            self._all = self._bars.add_task("all", total=pending, share=f"0/{pending} runs")
            yield
        self._bars = self._all = None
        self._bar_of.clear()

    def started(self, run: Run, note: str = "") -> None:
        """A run is being made now, perhaps again; the note says where or why."""
        self._share_of[run.id] = 0.0
        if self._bars is not None:
            self._bar_of[run.id] = self._bars.add_task(f"  {run.title}", total=1.0, share="0 %")
            return
        again = run.id in self._begun
        self._begun.add(run.id)
        where = "again" if again else f"{len(self._begun)}/{self._total}"
        self.rich.print(f"[{where}] {run.title}{f' ({note})' if note else ''}", markup=False)

    def share(self, run: Run, share: float) -> None:
        """How much of a run is done, from 0 to 1."""
        self._share_of[run.id] = share
        if self._bars is not None and run.id in self._bar_of:
            self._bars.update(self._bar_of[run.id], completed=share, share=f"{share:.0%}")
            self._refresh()

    def finished(self, run: Run, rows: Path) -> None:
        """A run has its rows."""
        from rnnzoo.callbacks import read_rows

        metric, made = run.monitor["metric"], read_rows(rows)
        found = [row for row in made if row.split == "test" and row.metric == metric]
        value = f"test {metric} {found[0].value:.4f}, {found[0].seconds:.0f} s" if found else ""
        value = race_headline(made) if run.race else value
        self._settle(run)
        done = self._done + sum(self._share_of.values())
        left = (time.monotonic() - self._started) / done * (self._total - done)
        plain = f"; about {spoken_time(left)} left" if self._bars is None and self._done < self._total else ""
        self.rich.print(f"{run.title}: {value}{plain}", markup=False)

    def skipped(self, run: Run) -> None:
        """Another process made the run meanwhile."""
        self._begun.add(run.id)
        self._settle(run)
        self.rich.print(f"{run.title}: made by another process meanwhile", markup=False)

    def failed(self, run: Run, why: str) -> None:
        """A run cannot be made."""
        self._settle(run)
        self.rich.print(f"{run.title} failed: {why}", markup=False)

    def died(self, run: Run, why: str) -> None:
        """The process or machine that made a run is no more; another takes the run up."""
        self._forget(run)
        self.rich.print(f"{run.title}: {why}; it goes on from its last checkpoint", markup=False)

    def left(self, run: Run) -> None:
        """A run that was begun is not to be made now: another process has it, or all are being stopped."""
        self._forget(run)

    def say(self, text: str) -> None:
        """Show a line of a worker's, the first time only: each of them says the same."""
        if text not in self._said:
            self._said.add(text)
            self.rich.print(text, markup=False)

    def _settle(self, run: Run) -> None:
        self._done += 1
        self._forget(run)

    def _forget(self, run: Run) -> None:
        self._share_of.pop(run.id, None)
        if self._bars is not None:
            if run.id in self._bar_of:
                self._bars.remove_task(self._bar_of.pop(run.id))
            self._refresh()

    def _refresh(self) -> None:
        if self._bars is not None and self._all is not None:
            done = self._done + 0.99 * sum(self._share_of.values())
            self._bars.update(self._all, completed=round(done, 3), share=f"{self._done}/{self._total} runs")
