"""What stands between a table and a Ray cluster: who is refused before anything is written, and what a node gets.

A table on a real cluster, one node of which is killed, is benchmarks/ray_cluster.py.
"""

import importlib.util
import os
import socket
import sys
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from rnnzoo.bench import ray_cluster
from rnnzoo.bench.attempt import Making, Settled
from rnnzoo.bench.errors import TableError, WorkerError
from rnnzoo.bench.execution import Execution
from rnnzoo.bench.outcome import row_file, work_folder
from rnnzoo.bench.ray_cluster import check_nodes, resources
from rnnzoo.bench.ray_pool import RayPool
from rnnzoo.bench.ray_task import Task, perform
from rnnzoo.bench.runner import make_runs
from rnnzoo.bench.runs import expand
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.shipping import import_packed, packed
from rnnzoo.callbacks import read_rows
from rnnzoo.registry import LAYERS
from rnnzoo.registry.files import import_file

CELL = '''
import torch
import rnnzoo
from beside import SLOPE

def update(a, *_):
    return (torch.tanh(SLOPE * a[..., 0, :]),)

@rnnzoo.register_layer("shipped")
class Shipped(rnnzoo.GatedCell):
    """A cell with a file beside it."""
    stages = (rnnzoo.Stage("h", 1, 1, update, (), ("h",), summed=True),)
'''


class Node:
    """One node of a cluster that is not there."""

    def __init__(self, answer, **found):
        self.answer, self.found = answer, found

    def nodes(self):
        return [
            {"Alive": True, "NodeID": "1" * 56, "NodeManagerHostname": "far", "NodeManagerAddress": "1.2.3.4",
             "Resources": self.found or {"CPU": 4.0}},
            {"Alive": False, "NodeID": "2" * 56, "NodeManagerHostname": "gone", "NodeManagerAddress": "1.2.3.5",
             "Resources": {}},
        ]  # fmt: skip

    def remote(self, function):
        return self

    def options(self, **_):
        return self

    __call__ = remote

    def get(self, *_, **__):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def strategies(monkeypatch):
    """Ray's own module, where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        module = type(sys)("ray.util.scheduling_strategies")
        module.NodeAffinitySchedulingStrategy = lambda *_, **__: None
        for name in ("ray", "ray.util", "ray.util.scheduling_strategies"):
            monkeypatch.setitem(sys.modules, name, module)


def refused(small, tmp_path, **given):
    with pytest.raises(WorkerError) as error:
        make_runs(expand(small), tmp_path / "new", execution=Execution("ray", **given), wandb="off")
    assert not (tmp_path / "new").exists()
    return str(error.value)


def test_without_ray_the_error_names_the_extra(small, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_cluster.importlib.util, "find_spec", lambda name: None)
    assert "pip install 'rnnzoo[ray]'" in refused(small, tmp_path)


def test_a_cluster_that_is_not_there_is_told_and_nothing_is_written(small, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_cluster.importlib.util, "find_spec", lambda name: True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"  # nobody listens
        said = refused(small, tmp_path, address=address)
    assert said.startswith(f"--address {address}: no Ray cluster is there (")
    assert "ray start --head" in said
    assert "HOST:PORT" in refused(small, tmp_path, address="somewhere")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (("", ray_cluster.rnnzoo.__version__), "does not see"),
        (("wrong", ray_cluster.rnnzoo.__version__), "does not see"),
        (ModuleNotFoundError("No module named 'rnnzoo'"), "is rnnzoo installed there"),
        (TimeoutError("no answer"), "no answer"),
    ],
    ids=["nothing there", "another file", "no package", "silent"],
)
def test_a_node_that_cannot_do_the_work_is_named_and_nothing_stays(answer, said, tmp_path, strategies):
    with pytest.raises(WorkerError, match=said) as error:
        check_nodes(Node(answer), tmp_path / "a" / "b")
    assert "node far (1.2.3.4)" in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_run_asks_for_its_share_of_a_node_and_for_its_gpus():
    assert resources(Node(None, CPU=8.0), None, 1) == {"CPU": 1.0}
    assert resources(Node(None, CPU=8.0), 2, 1) == {"CPU": 4.0}
    assert resources(Node(None, CPU=8.0), 4, 2) == {"CPU": 4.0}
    assert resources(Node(None, CPU=8.0, GPU=4.0), 4, 2) == {"CPU": 2.0, "GPU": 2.0}
    with pytest.raises(TableError, match=r"asks for 1 CPU, 8 GPU of one node, .* have 8 CPU, 4 GPU"):
        resources(Node(None, CPU=8.0, GPU=4.0), None, 8)


def test_a_users_cell_reaches_a_machine_that_does_not_have_its_files(tmp_path, registering, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    (here / "cell_to_ship.py").write_text(CELL)
    (here / "beside.py").write_text("SLOPE = 2.0\n")
    (here / "unused.py").write_text("raise SystemExit\n")
    import_file(here / "cell_to_ship.py")
    files = packed([str(here / "cell_to_ship.py")])
    assert {path: set(texts) for path, texts in files.items()} == {
        str(here / "cell_to_ship.py"): {"cell_to_ship.py", "beside.py"}
    }
    for name in ("cell_to_ship", "beside"):
        del sys.modules[name]
    monkeypatch.setattr("rnnzoo.registry.files._FILES", {})
    LAYERS._entries.pop("shipped")
    here.rename(tmp_path / "elsewhere")
    import_packed(files)
    assert "shipped" in LAYERS.names()
    assert sys.modules["beside"].SLOPE == 2.0


def task(run, folder, **changes):
    given = {"run": run.to_json(), "folder": str(folder), "scale": Scale().to_dict(), "wandb": "off", "files": {}}
    return Task(**{**given, "directory": os.getcwd(), "environment": {}, **changes})


def test_a_task_gives_rows_and_writes_none_and_the_driver_writes_them_once(small, tmp_path, monkeypatch, row):
    monkeypatch.setenv("SLURM_JOB_NAME", "")
    (run, *_) = expand(small)
    making, rows = Making(tmp_path, Scale(), "off"), [row(table=run.table)]
    folder = work_folder(tmp_path, run)
    folder.mkdir(parents=True)
    monkeypatch.setattr("rnnzoo.bench.attempt._rows", lambda *_: rows)
    told = perform(task(run, folder))
    assert (told["kind"], told["rows"]) == ("made", [asdict(one) for one in rows])
    assert not row_file(tmp_path, run).exists()
    pool = driver(making, told)
    pool.start(run, again=False)
    assert [news.kind for news in pool.news()] == ["started"]
    assert [news.kind for news in pool.news()] == ["made"]
    assert read_rows(row_file(tmp_path, run)) == rows
    pool.start(run, again=True)
    assert [news.kind for news in pool.news()] == ["there"]


def driver(making, told):
    """A pool without a cluster, whose tasks are all told of so."""
    pool = RayPool.__new__(RayPool)
    pool._making, pool._runs, pool._locks, pool._news = making, {}, {}, []

    class Failed(Exception):
        pass

    class Ray:
        exceptions = SimpleNamespace(RayError=Failed, RayTaskError=Failed, TaskCancelledError=Failed)
        wait = staticmethod(lambda references, **_: (references, []))
        get = staticmethod(lambda _: told)

    pool._ray, pool._task = Ray, type("Remote", (), {"remote": staticmethod(lambda task: object())})
    return pool


def test_a_task_whose_folder_the_node_does_not_see_stops_all(small, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_NAME", "")
    (run, *_) = expand(small)
    told = perform(task(run, tmp_path / "nowhere"))
    assert told["kind"] == "error"
    assert "storage that all nodes share" in told["text"]


def test_an_interrupted_task_says_that_it_stopped(small, tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_NAME", "")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("rnnzoo.bench.attempt._rows", interrupted)
    assert perform(task(expand(small)[0], tmp_path)) == {"kind": "stopped"}
    monkeypatch.setattr("rnnzoo.bench.attempt.attempt", lambda *_: Settled("failed", "why"))
    assert perform(task(expand(small)[0], tmp_path))["text"] == "why"
