"""Whatever the server of Weights & Biases does, a training ends with its numbers, and what it logged can be synced."""

import subprocess
import sys
import time

import pytest
from wandb_alone import wandb_alone
from wandb_files import wandb_runs
from wandb_server import KEY, serving
from wandb_small import small_run, small_runs

from rnnzoo.bench import training
from rnnzoo.bench.wandb_run import bounded, finish_session, start_wandb

TIMES = {"WANDB_INIT_TIMEOUT": "2", "WANDB_FINISH_TIMEOUT": "2"}
NOBODY = "http://127.0.0.1:9"  # a port that nothing listens on


def measured(rows):
    return {(row.split, row.metric): row.value for row in rows}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return [measured(training.train(run, tmp_path_factory.mktemp("plain"), wandb="off")) for run in small_runs()]


def kill_service():
    """Kill the service process that Weights & Biases has started for this one."""
    import wandb

    process = wandb.setup().ensure_service()._proc._process
    process.kill()
    process.wait()
    time.sleep(0.5)  # until its end of the connection is closed


def test_a_server_that_works_gets_the_curves_and_the_run_is_finished(tmp_path, expected, capsys):
    with serving() as server, wandb_alone(tmp_path, WANDB_API_KEY=KEY, WANDB_BASE_URL=server.url):
        rows = training.train(small_run(), tmp_path / "run", wandb="online")
    assert measured(rows) == expected[0]
    (logged,) = wandb_runs(tmp_path)
    assert [row["_step"] for row in server.history[logged.info.run_id]] == [row["_step"] for row in logged.history]
    assert {"CreateArtifact", "UseArtifact"} <= set(server.operations)
    assert "Biases" not in capsys.readouterr().err


@pytest.mark.parametrize("failure", ["refuses", 500, 401, "hang"])
def test_a_server_that_fails_at_once_is_told_in_a_line_and_the_run_goes_offline(tmp_path, capsys, failure):
    with serving(None if failure == "refuses" else failure) as server:
        url = NOBODY if failure == "refuses" else server.url
        with wandb_alone(tmp_path, WANDB_API_KEY=KEY, WANDB_BASE_URL=url, **TIMES):
            session = start_wandb("online", tmp_path, group="g", name="n", config={"a": 1}, id="x")
            session.log({"b": 2})
            finish_session(session)
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("Weights & Biases did not start online (CommError")
    assert told[1:] == [f"Weights & Biases logs offline; later: wandb sync {tmp_path.parent}/*/wandb/*run-*"]
    logged = wandb_runs(tmp_path)[-1]
    assert (logged.config["a"], logged.summary["b"], logged.info.run_id) == (1, 2, "x")


def test_after_a_failure_the_next_runs_do_not_wait_again(tmp_path):
    with serving("hang") as server, wandb_alone(tmp_path, WANDB_API_KEY=KEY, WANDB_BASE_URL=server.url, **TIMES):
        for name in ("first", "second"):
            session = start_wandb("online", tmp_path / name, group="g", name=name, config={}, id=name)
            finish_session(session)
    folders = [run.path.parent.name.split("-")[0] for run in wandb_runs(tmp_path / "second")]
    assert folders == ["offline"]


@pytest.mark.parametrize("failure", [500, pytest.param("hang", marks=pytest.mark.slow)])
def test_a_server_that_dies_in_mid_run_costs_neither_numbers_nor_logs(tmp_path, expected, capsys, failure):
    key = {"WANDB_API_KEY": KEY, **TIMES}
    with serving(failure, in_mid_run=True) as server, wandb_alone(tmp_path, WANDB_BASE_URL=server.url, **key):
        rows = training.train(small_run(), tmp_path / "run", wandb="online")
    assert measured(rows) == expected[0]
    assert "did not" in capsys.readouterr().err
    (logged,) = wandb_runs(tmp_path)
    assert not server.history
    assert len(logged.curve("val/accuracy")) == 10
    assert logged.summary["result/test/accuracy"] == expected[0]["test", "accuracy"]


@pytest.mark.slow
def test_a_service_that_is_killed_in_mid_run_ends_the_logging_and_the_next_run_logs_again(tmp_path, expected, capsys):
    first, second = small_runs()
    with wandb_alone(tmp_path):
        once = iter([kill_service])
        rows = training.train(first, tmp_path / "first", wandb="offline", progress=lambda _: next(once, int)())
        more = training.train(second, tmp_path / "second", wandb="offline")
    assert [measured(rows), measured(more)] == expected
    assert "stopped in mid-run" in capsys.readouterr().err
    assert wandb_runs(tmp_path / "second")[-1].exit_code == 0


def test_the_attempts_of_a_run_are_synced_as_one_history(tmp_path):
    with wandb_alone(tmp_path):
        for attempt in range(2):
            session = start_wandb("offline", tmp_path / "run", group="g", name="n", config={}, id="one")
            for step in range(3):
                session.log({"loss": float(step), "trainer/global_step": 3 * attempt + step})
            finish_session(session)
            time.sleep(1.1)  # the folders' names have seconds
    folders = sorted(str(path) for path in (tmp_path / "run" / "wandb").glob("*run-*"))
    assert len(folders) == 2
    with serving() as server, wandb_alone(tmp_path, WANDB_API_KEY=KEY, WANDB_BASE_URL=server.url):
        command = [sys.executable, "-m", "wandb", "sync", *folders]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [row["trainer/global_step"] for row in server.history["one"]] == [0, 1, 2, 3, 4, 5]
    assert set(server.history) == {"one"}


def test_what_does_not_end_is_left_behind_and_told(capsys):
    import threading

    forever = threading.Event()
    assert bounded("did not finish", lambda: None, 5.0)
    assert not bounded("did not finish", lambda: forever.wait(60) and None, 0.1)
    forever.set()
    assert "did not finish (TimeoutError: no answer for 0.1 s)" in capsys.readouterr().err
