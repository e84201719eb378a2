"""Every run is settled once: one whose worker dies is taken up again, but not for ever; what stops one stops all."""

from pathlib import Path

import pytest

from rnnzoo.bench.attempt import Making
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.outcome import Outcome
from rnnzoo.bench.runs import expand
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.scheduling import RETRIES, News, Scheduler


class Script:
    """A pool of two workers that says of each run what it is told to, one thing a turn."""

    def __init__(self, says):
        self.says = {run: list(kinds) for run, kinds in says.items()}
        self.under_way, self.again, self.closed = [], [], False

    def room(self):
        return 2 - len(self.under_way)

    def start(self, run, again):
        self.under_way.append(run)
        self.again.append((run.id, again))

    def news(self):
        run = self.under_way.pop(0)
        kind = self.says[run.id].pop(0)
        if kind == "interrupt":
            self.under_way.append(run)
            raise KeyboardInterrupt
        return [News(kind, run, f"why {run.id}", note="TableError")]

    def stop(self):
        return bool(self.under_way)

    def close(self):
        self.closed = True


class Silent:
    """A console that remembers what it was told."""

    def __init__(self):
        self.told = []

    def __getattr__(self, name):
        return lambda *arguments: self.told.append((name, *arguments))


@pytest.fixture
def runs(small):
    return expand(small)


def make(runs, *says):
    script, console, outcome = (
        Script({run.id: kinds for run, kinds in zip(runs, says, strict=True)}),
        Silent(),
        Outcome(),
    )
    scheduler = Scheduler(script, Making(Path("results"), Scale(), "off"), console, outcome)
    return scheduler, script, console, outcome


def test_a_run_whose_worker_died_is_taken_up_again(runs):
    scheduler, script, console, outcome = make(runs, ["died", "died", "made"], ["made"], ["made"])
    scheduler.make(runs)
    assert sorted(run.id for run in outcome.made) == sorted(run.id for run in runs)
    assert [again for run, again in script.again if run == runs[0].id] == [False, True, True]
    assert [told for told, *_ in console.told].count("died") == 2
    assert script.closed


def test_after_the_last_retry_the_run_has_failed_and_the_others_go_on(runs):
    scheduler, script, _, outcome = make(runs, ["died"] * (RETRIES + 1), ["made"], ["made"])
    scheduler.make(runs)
    assert [run for run, _ in script.again].count(runs[0].id) == RETRIES + 1
    assert list(outcome.failed) == [runs[0].title]
    assert f"why {runs[0].id}" in outcome.failed[runs[0].title]
    assert len(outcome.made) == 2


def test_a_run_that_another_process_has_is_tried_again_while_others_are_settled(runs):
    scheduler, _, _, outcome = make(runs, ["elsewhere", "there"], ["made"], ["made"])
    scheduler.make(runs)
    assert (outcome.there, outcome.elsewhere) == ([runs[0]], [])
    scheduler, _, _, outcome = make(runs, ["elsewhere", "elsewhere"], ["made"], ["made"])
    scheduler.make(runs)
    assert (outcome.there, outcome.elsewhere) == ([], [runs[0]])


def test_what_stops_one_run_stops_all_and_those_under_way_are_saved(runs):
    scheduler, script, console, outcome = make(runs, ["error"], ["stopped"], [])
    with pytest.raises(TableError, match=f"why {runs[0].id}"):
        scheduler.make(runs)
    assert ("left", runs[1]) in console.told
    assert script.closed
    assert not outcome.made


def test_an_interrupt_lets_the_runs_under_way_save_and_begins_no_other(runs):
    scheduler, script, _, _ = make(runs, ["interrupt", "stopped"], ["made"], [])
    with pytest.raises(KeyboardInterrupt):
        scheduler.make(runs)
    assert [run for run, _ in script.again] == [run.id for run in runs[:2]]
    assert script.closed
