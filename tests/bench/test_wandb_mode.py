"""Without a key nothing is asked, and what the environment says of Weights & Biases is done."""

import os
import pty
import subprocess
import sys

import pytest
from wandb_alone import wandb_alone
from wandb_files import wandb_runs

from rnnzoo.bench.run_id import forget_run_id, run_id
from rnnzoo.bench.wandb_mode import default_wandb, has_key


@pytest.fixture
def environment(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return monkeypatch


def test_no_key_is_offline_and_a_key_is_online(environment):
    assert (has_key(), default_wandb()) == (False, "offline")
    environment.setenv("WANDB_API_KEY", "k")
    assert (has_key(), default_wandb()) == (True, "online")


def test_a_key_that_wandb_login_has_kept_counts_for_its_own_server(environment, tmp_path):
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password key\n")
    (tmp_path / "netrc").chmod(0o600)
    assert default_wandb() == "online"
    environment.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    assert default_wandb() == "offline"


def test_a_broken_netrc_is_no_key(environment, tmp_path):
    (tmp_path / "netrc").write_text("machine\n")
    assert not has_key()


@pytest.mark.parametrize(("mode", "means"), [("disabled", "off"), ("offline", "offline"), ("online", "online")])
def test_wandb_mode_decides(environment, mode, means):
    environment.setenv("WANDB_API_KEY", "k")
    environment.setenv("WANDB_MODE", mode)
    assert default_wandb() == means


def test_a_terminal_is_asked_nothing_where_online_is_asked_for_and_there_is_no_key(tmp_path):
    code = (
        "from pathlib import Path; from rnnzoo.bench.wandb_run import finish_session, start_wandb\n"
        "session = start_wandb('online', Path('run'), group='g', name='n', config={}, id='x')\n"
        "session.log({'a': 1}); finish_session(session)"
    )
    ours, theirs = pty.openpty()
    with wandb_alone(tmp_path):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, close_fds=True
        )
        os.close(theirs)
        assert process.wait(timeout=120) == 0
    told = os.read(ours, 100_000).decode()
    os.close(ours)
    assert told.splitlines() == [
        "Weights & Biases has no key (WANDB_API_KEY, or `wandb login`) and logs offline; "
        "later: wandb sync ./*/wandb/*run-*"
    ]
    assert wandb_runs(tmp_path)[0].summary["a"] == 1


def test_a_training_keeps_its_name_until_it_is_finished(tmp_path):
    first = run_id(tmp_path, "imdb/lstm 0")
    assert first.startswith("imdb-lstm-0-")
    assert run_id(tmp_path, "imdb/lstm 0") == first
    forget_run_id(tmp_path)
    assert run_id(tmp_path, "imdb/lstm 0") != first
