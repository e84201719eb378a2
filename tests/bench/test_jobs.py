"""Runs side by side: in processes that are used again, whichever dies; and who is refused before anything is made."""

import os

import pytest

from rnnzoo.bench import jobs
from rnnzoo.bench.execution import Execution
from rnnzoo.bench.jobs import THREADS, environments
from rnnzoo.bench.runner import make_runs, row_file
from rnnzoo.bench.runs import expand
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.table import parse_table
from rnnzoo.callbacks import read_rows
from rnnzoo.registry.files import import_file

DIES_ONCE = '''
import os, pathlib, signal
import torch
import rnnzoo

def update(a, *_):
    return (torch.tanh(a[..., 0, :]),)

@rnnzoo.register_layer("dies_once")
class DiesOnce(rnnzoo.GatedCell):
    """Kills its process in the tenth call, unless that was done already."""
    stages = (rnnzoo.Stage("h", 1, 1, update, (), ("h",), summed=True),)
    calls = 0

    def forward(self, *arguments, **options):
        DiesOnce.calls += 1
        mark = pathlib.Path(__file__).with_name("dead")
        if DiesOnce.calls == 10 and not mark.exists():
            mark.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(*arguments, **options)
'''
# a checkpoint has the seconds of the training in it
CHANGING = ("seconds", "samples_per_second", "peak_memory_bytes", "finished_at", "checkpoint_sha256")


def rows_of(runs, results):
    """What the runs' rows say, but for when and how fast."""
    rows = [row for run in runs for row in read_rows(row_file(results, run))]
    return [{key: value for key, value in vars(row).items() if key not in CHANGING} for row in rows]


@pytest.mark.slow
def test_two_jobs_one_of_them_killed_give_the_rows_of_one(small_with, tmp_path, registering, monkeypatch, capfd):
    (tmp_path / "cells.py").write_text(DIES_ONCE)
    import_file(tmp_path / "cells.py")
    runs = expand(small_with(entries=[{"layer": "dies_once", "seeds": 2}, {"layer": "srn"}], quick={}, references=[]))
    for name in THREADS:
        monkeypatch.setenv(name, "1")
    outcome = make_runs(runs, tmp_path / "two", execution=Execution(jobs=2), wandb="off")
    assert sorted(run.id for run in outcome.made) == sorted(run.id for run in runs)
    assert int((tmp_path / "dead").read_text()) != os.getpid()
    assert make_runs(runs, tmp_path / "one", wandb="off").made == runs
    assert rows_of(runs, tmp_path / "two") == rows_of(runs, tmp_path / "one")
    assert len(rows_of(runs, tmp_path / "two")) == 3 * 9
    said = capfd.readouterr().out
    assert "was killed (SIGKILL" in said
    assert "it goes on from its last checkpoint" in said


def test_jobs_share_the_cores_and_a_number_of_threads_that_is_set_stays(monkeypatch):
    monkeypatch.setattr(jobs, "cores", lambda: 8)
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    assert environments(2, Scale(), []) == [dict.fromkeys(THREADS, "4")] * 2
    assert environments(2, Scale(devices=2), [])[0]["OMP_NUM_THREADS"] == "2"
    assert environments(16, Scale(), [])[0]["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert environments(2, Scale(), [])[1]["OMP_NUM_THREADS"] == "3"


def test_jobs_take_the_gpus_in_turn_and_as_many_as_a_run_asks_for():
    def given(jobs, devices, gpus):
        return [e["CUDA_VISIBLE_DEVICES"] for e in environments(jobs, Scale(devices=devices), gpus)]

    assert given(3, 1, ["4", "6"]) == ["4", "6", "4"]
    assert given(2, 2, ["0", "1", "2", "3"]) == ["0,1", "2,3"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"executor": "rya"}, "ray"),
        ({"jobs": 0}, "at least 1, not 0"),
        ({"address": "auto"}, "add --executor ray"),
    ],
)
def test_an_executor_that_cannot_be_is_refused(given, said):
    with pytest.raises(Exception, match=said) as refused:
        Execution(**given)
    assert type(refused.value).__module__.startswith("rnnzoo.")


def test_what_would_not_go_together_is_refused_and_nothing_is_written(small, tmp_path):
    runs = expand(small)
    with pytest.raises(ValueError, match="each run on one machine, not on 2"):
        make_runs(runs, tmp_path, scale=Scale(nodes=2), execution=Execution(jobs=2), wandb="off")
    race = parse_table(
        "{name: r, title: R, race: {contestants: [rnnzoo, step loop]}, variants: {layer: [srn], size: [2x5x10-10]}}",
        "here",
    )
    with pytest.raises(ValueError, match="measures time"):
        make_runs(expand(race), tmp_path, execution=Execution(jobs=2), wandb="off")
    assert not list(tmp_path.iterdir())
