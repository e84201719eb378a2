"""What a checkpoint may hold, how a damaged one is answered, and a full disk: one line, nothing half-written."""

import errno
import os
import re
import shlex

import pytest
import torch

from rnnzoo import cli
from rnnzoo.bench import quiet
from rnnzoo.callbacks import check_checkpoint, read_rows
from rnnzoo.commands.going_on import RUN_FOLDER

FIT = shlex.split(
    "--config digit-sum-lstm --data.length 5 --data.batch_size 100 --trainer.check_val_every_n_epoch 1 "
    "--trainer.max_epochs 1 --wandb off"
)
TABLE = """
name: small
title: A small table
task: sequence_classification
data: {name: digit_sum, length: 5, batch_size: 100}
model: {embedding_size: 8, hidden_size: 8, dropout: 0.2}
trainer: {max_epochs: 2}
entries: [{label: srn, layer: srn, seeds: 1}]
"""


class Bomb:
    """Unpickling it makes a directory."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    quiet.say_once.cache_clear()
    (tmp_path / "small.yaml").write_text(TABLE)
    return tmp_path


def answer(capsys, *arguments):
    status = cli.main(list(arguments))
    out, error = capsys.readouterr()
    return status, out, error


def bench(results):
    return ("bench", "run", "small.yaml", "--wandb", "off", "--keep", "--results", str(results))


def measured(results):
    return {(row.split, row.metric): (row.value, row.steps) for row in read_rows(results / "small")}


def spoil(path, bomb):
    torch.save(torch.load(path, weights_only=True) | {"extra": bomb}, path)


def test_code_in_a_checkpoint_does_not_run_and_a_truncated_one_is_refused_before_anything_starts(here, capsys):
    assert answer(capsys, "fit", *FIT, "--run-dir", "run")[0] == 0
    whole = (here / "run" / "last.ckpt").read_bytes()
    spoil(here / "run" / "last.ckpt", Bomb(here / "ran"))
    (here / "cut.ckpt").write_bytes(whole[: len(whole) // 2])
    given = {
        "run/last.ckpt": "could run any code",
        "cut.ckpt": "is no whole checkpoint",
        "none.ckpt": "there is no checkpoint none.ckpt",
        "http://127.0.0.1:9/last.ckpt": "expected a file on this machine",
    }
    tried = [("fit", checkpoint) for checkpoint in given]
    for command, checkpoint in [*tried, ("validate", "run/last.ckpt"), ("test", "run/last.ckpt")]:
        status, _, error = answer(capsys, command, *FIT, "--ckpt_path", checkpoint, "--run-dir", "new")
        assert status == 2
        assert re.search(given[checkpoint], error), error
        assert len(error.strip().splitlines()) == 1
    assert not (here / "ran").exists()
    assert not (here / "new").exists()
    bombs = torch.load(
        here / "run" / "last.ckpt", weights_only=False
    )  # the bomb is one: that it did not run is no luck
    assert "extra" in bombs
    assert (here / "ran").exists()


@pytest.mark.parametrize("damage", ["truncated", "malicious", "of two processes"])
def test_a_run_whose_resume_point_cannot_be_used_begins_anew_and_says_so(here, capsys, damage):
    assert answer(capsys, *bench(here / "whole"))[0] == 0
    expected = measured(here / "whole")
    (rows,) = (here / "whole" / "small").glob("*.jsonl")
    rows.unlink()
    (folder,) = (here / "whole" / ".runs" / "small").glob("*/best.ckpt")
    best, last = folder.read_bytes(), folder.with_name("last.ckpt")
    if damage == "truncated":
        last.write_bytes(best[:-100])
    else:
        content = torch.load(folder, weights_only=True)
        content["resume"]["processes"] *= 2 if damage == "of two processes" else 1
        torch.save(content | ({"extra": Bomb(here / "ran")} if damage == "malicious" else {}), last)
    status, _, error = answer(capsys, *bench(here / "whole"))
    assert status == 0
    assert "begins anew" in error
    assert measured(here / "whole") == expected
    assert not (here / "ran").exists()


def full_disk(monkeypatch, ending):
    """Files of ``ending`` cannot be flushed to the disk."""
    flush = os.fsync

    def fsync(descriptor):
        if ending in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc to know a descriptor's file")
def test_a_full_disk_is_told_in_one_line_and_the_next_run_has_every_row(here, capsys, monkeypatch):
    assert answer(capsys, *bench(here / "whole"))[0] == 0
    for ending in ("best.ckpt", "last.ckpt", ".jsonl"):
        with monkeypatch.context() as patched:
            full_disk(patched, ending)
            status, _, error = answer(capsys, *bench(here / "full"))
        assert status == 2
        assert "No space left on device" in error
        assert "Traceback" not in error
        assert not list((here / "full").rglob("*.part"))
        assert not list((here / "full").glob("small/*.jsonl"))
        assert all(check_checkpoint(path) for path in (here / "full").rglob("*.ckpt"))
    assert answer(capsys, *bench(here / "full"))[0] == 0
    assert measured(here / "full") == measured(here / "whole")


def test_a_folder_that_cannot_be_made_is_told_in_one_line(here, capsys):
    (here / "file").write_text("not a folder")
    status, _, error = answer(capsys, "fit", *FIT, "--run-dir", "file/run")
    assert status == 2
    assert "file/run" in error
    assert len(error.strip().splitlines()) == 1


def test_a_fit_behind_one_on_several_devices_gets_its_own_folder(here, capsys, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")  # as Lightning leaves it in the first process
    monkeypatch.setenv(RUN_FOLDER, "first")
    (here / "file").write_text("not a folder")
    status, _, error = answer(capsys, "fit", *FIT, "--run-dir", "file/second")
    assert (status, "file/second" in error) == (2, True)
