"""Hands the runs of a table to workers, and settles what comes back: every run once, whichever worker dies."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rnnzoo.bench.attempt import Making
from rnnzoo.bench.console import Console
from rnnzoo.bench.errors import TableError, WorkerError
from rnnzoo.bench.outcome import Outcome, row_file
from rnnzoo.bench.runs import Run

RETRIES = 3
"""How often a run is taken up again whose worker died."""

STOPPING = {"TableError": TableError, "WorkerError": WorkerError}  # any other that stops all is an OSError


@dataclass(frozen=True)
class News:
    """What workers tell of a run, or (``said``, ``error``) without one.

    ``started``, ``share`` (in ``share``); then one of ``made``, ``there``, ``elsewhere``, ``failed`` (``text`` says
    why), ``died`` (so did the worker), ``stopped`` (as it was asked to). ``error`` stops all runs: ``share`` aside,
    ``text`` is the message, ``note`` the error's kind. ``said``: a line for people.
    """

    kind: str
    run: Run | None = None
    text: str = ""
    note: str = ""
    share: float = 0.0


class Pool(Protocol):
    """Workers of one kind."""

    def room(self) -> int:
        """How many further runs would be begun at once."""
        ...

    def start(self, run: Run, again: bool) -> None:
        """Have a run made; ``again``: its worker died before."""
        ...

    def news(self) -> Sequence[News]:
        """What has come; waits a moment where nothing has."""
        ...

    def stop(self) -> bool:
        """Have every run save and stop; says whether any is under way still, which `news` is then to tell of."""
        ...

    def close(self) -> None:
        """Let the workers go, whatever they do."""
        ...


class Scheduler:
    """Makes runs in the workers of a pool.

    Args:
        making: how each run is made.
        outcome: what becomes of the runs goes in here.
    """

    def __init__(self, pool: Pool, making: Making, console: Console, outcome: Outcome) -> None:
        self.pool, self.making, self.console, self.outcome = pool, making, console, outcome
        self._waiting: deque[Run] = deque()
        self._under_way: dict[str, Run] = {}
        self._elsewhere: list[Run] = []
        self._deaths: Counter[str] = Counter()
        self._settled = False  # anything since the runs that others held were last tried

    def make(self, runs: Sequence[Run]) -> None:
        """Make the runs; those that other processes hold are tried again as long as others are settled meanwhile.

        Raises:
            TableError, OSError: what stops every run; those under way have been saved.
            WorkerError: no worker could be started.
            KeyboardInterrupt: runs under way have been saved.
        """
        self._waiting.extend(runs)
        try:
            try:
                while self._waiting or self._under_way:
                    self._hand_out()
                    for news in self.pool.news():
                        self._take(news)
                    if self._elsewhere and self._settled and not (self._waiting or self._under_way):
                        self._waiting.extend(self._elsewhere)
                        self._elsewhere.clear()
                        self._settled = False
            except BaseException:  # among them Ctrl-C; a second one ends the workers where they are
                self._stop()
                raise
        finally:
            self.pool.close()
            self.outcome.elsewhere += self._elsewhere

    def _hand_out(self) -> None:
        for _ in range(min(self.pool.room(), len(self._waiting))):
            run = self._waiting.popleft()
            self._under_way[run.id] = run
            self.pool.start(run, again=self._deaths[run.id] > 0)

    def _stop(self) -> None:
        self._waiting.clear()
        if not self.pool.stop():
            return
        self.console.say(f"stopping: {len(self._under_way)} runs save their state (Ctrl-C again: at once)")
        while self._under_way:
            for news in self.pool.news():
                if news.kind == "error":  # one is enough
                    self._settle(news.run)
                else:
                    self._take(news)

    def _take(self, news: News) -> None:
        run = news.run
        if news.kind == "said":
            self.console.say(news.text)
        elif news.kind == "error":
            self._settle(run)
            raise STOPPING.get(news.note, OSError)(news.text)
        elif run is None:
            raise ValueError(f"news without a run: {news}; expected one, as it is not `said` or `error`.")
        elif news.kind == "started":
            self.console.started(run, news.text)
        elif news.kind == "share":
            self.console.share(run, news.share)
        elif news.kind == "died":
            self._died(run, news.text)
        else:
            self._settle(run)
            self._settled = self._settled or news.kind != "elsewhere"
            if news.kind == "made":
                self.outcome.made.append(run)
                self.console.finished(run, row_file(self.making.results, run))
            elif news.kind == "there":
                self.outcome.there.append(run)
                self.console.skipped(run)
            elif news.kind == "elsewhere":
                self._elsewhere.append(run)
            elif news.kind == "failed":
                self._fail(run, news.text)
            else:  # stopped
                self.console.left(run)

    def _died(self, run: Run, why: str) -> None:
        self._settle(run)
        self._deaths[run.id] += 1
        if self._deaths[run.id] > RETRIES:
            self._fail(run, f"{why}; as did {RETRIES} others before, so it is not tried again")
        else:
            self.console.died(run, why)
            self._waiting.appendleft(run)

    def _fail(self, run: Run, why: str) -> None:
        self.outcome.failed[run.title] = why
        self.console.failed(run, why)

    def _settle(self, run: Run | None) -> None:
        if run is not None:
            self._under_way.pop(run.id, None)
