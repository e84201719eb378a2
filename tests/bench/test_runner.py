"""No run is made twice, none is lost, and a killed one goes on as if nothing had been."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
import torch
from filelock import FileLock

from rnnzoo.bench import training
from rnnzoo.bench.runner import make_runs, row_file, work_folder
from rnnzoo.bench.runs import expand
from rnnzoo.bench.scale import Scale
from rnnzoo.callbacks import NonFiniteError, ResumePoint, read_rows

make = partial(make_runs, wandb="off")


def measured(rows):
    return {(row.split, row.metric): row.value for row in rows}


def test_rows_say_what_was_done_and_a_second_time_nothing_is(small, tmp_path):
    runs = expand(small, layers=["srn"], seeds=1)
    assert make(runs, tmp_path).made == runs
    path = row_file(tmp_path, runs[0])
    rows, before = read_rows(path), path.read_bytes()
    splits, metrics = ("train", "validation", "test"), ("accuracy", "macro_f1", "loss")
    assert set(measured(rows)) == {(split, metric) for split in splits for metric in metrics}
    assert {(row.split, row.n) for row in rows} == {("train", 300), ("validation", 100), ("test", 100)}
    assert {row.steps for row in rows} == {4 * 6}  # epochs x batches
    embedding, cell, head = 10 * 8, 8 * 8 + 8 * 8 + 2 * 8, 8 * 19 + 19
    assert {row.parameters for row in rows} == {embedding + cell + head}
    assert make(runs, tmp_path).there == runs
    assert path.read_bytes() == before
    left = {file.name for file in work_folder(tmp_path, runs[0]).rglob("*") if file.is_file()}
    assert left == {"run.json", "metrics.csv", "hparams.yaml", "gradient_norms.csv"}


def test_keep_keeps_the_checkpoint_that_the_rows_name(small, tmp_path):
    import hashlib

    (run,) = expand(small, layers=["gru"], seeds=1)
    make([run], tmp_path, keep=True)
    checkpoint = work_folder(tmp_path, run) / "best.ckpt"
    assert (
        hashlib.sha256(checkpoint.read_bytes()).hexdigest() == read_rows(row_file(tmp_path, run))[0].checkpoint_sha256
    )


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(small, tmp_path):
    first, second = expand(small, layers=["srn"], seeds=2)
    again = training.train(first, tmp_path / "again")
    assert measured(training.train(first, tmp_path / "first")) == measured(again)
    assert measured(training.train(second, tmp_path / "second")) != measured(again)


def test_a_run_stopped_in_the_middle_ends_with_the_numbers_of_an_undisturbed_one(small, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "ResumePoint", partial(ResumePoint, every_seconds=0.0))
    (run,) = expand(small, layers=["srn"], seeds=1)
    undisturbed = training.train(run, tmp_path / "undisturbed")

    def stop(share):
        if share > 0.6:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        training.train(run, tmp_path / "stopped", progress=stop)
    resumed = training.train(run, tmp_path / "stopped")
    assert measured(resumed) == measured(undisturbed)
    assert {row.steps for row in resumed} == {row.steps for row in undisturbed}
    assert len(list((tmp_path / "stopped" / "logs").glob("attempt-*/metrics.csv"))) == 2


def test_a_run_that_another_process_holds_is_left_to_it(small, tmp_path):
    held, free = expand(small, seeds=1)
    folder = work_folder(tmp_path, held)
    folder.mkdir(parents=True)
    with FileLock(folder.parent / f"{held.id}.lock"):
        outcome = make([held, free], tmp_path)
    assert (outcome.made, outcome.elsewhere) == ([free], [held])
    assert not row_file(tmp_path, held).exists()


def test_a_run_that_diverges_writes_no_row_and_the_others_go_on(small, tmp_path, monkeypatch):
    bad, good = expand(small, seeds=1)
    train = training.train

    def diverge(run, *arguments, **options):
        if run == bad:
            raise NonFiniteError("the loss is not finite in step 3")
        return train(run, *arguments, **options)

    monkeypatch.setattr(training, "train", diverge)
    outcome = make([bad, good], tmp_path)
    assert outcome.made == [good]
    assert outcome.failed == {bad.title: "the loss is not finite in step 3"}
    assert not row_file(tmp_path, bad).exists()


def test_a_layer_that_fails_is_told_with_its_traceback_and_the_others_go_on(small, tmp_path, monkeypatch):
    bad, good = expand(small, seeds=1)
    train = training.train

    def fail(run, *arguments, **options):
        if run == bad:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
        return train(run, *arguments, **options)

    monkeypatch.setattr(training, "train", fail)
    outcome = make([bad, good], tmp_path)
    assert outcome.made == [good]
    assert "RuntimeError: mat1 and mat2" in outcome.failed[bad.title]
    assert "in fail" in (work_folder(tmp_path, bad) / "error.txt").read_text()
    assert not row_file(tmp_path, bad).exists()


def test_a_run_that_was_never_validated_has_failed_and_the_others_go_on(small_with, tmp_path):
    entries = [{"layer": "srn", "trainer": {"max_epochs": 1, "check_val_every_n_epoch": 2}}, {"layer": "gru"}]
    bad, good = expand(small_with(entries=entries, quick={}, references=[], trainer={"max_epochs": 1}))
    outcome = make([bad, good], tmp_path)
    assert outcome.made == [good]
    assert "after 6 steps, before its first validation" in outcome.failed[bad.title]


def test_what_concerns_every_run_stops_them_all(small, tmp_path, monkeypatch):
    def full(run, *arguments, **options):
        raise OSError("no space left")

    monkeypatch.setattr(training, "train", full)
    with pytest.raises(OSError, match="no space left"):
        make(expand(small), tmp_path)


@pytest.mark.slow
def test_after_kill_9_no_finished_run_is_repeated_and_no_row_is_lost(small_with, small_text, tmp_path):
    (tmp_path / "small.yaml").write_text(small_text.replace("max_epochs: 4", "max_epochs: 60"))
    results = tmp_path / "results"
    command = [sys.executable, "-m", "rnnzoo.cli", "bench", "run", str(tmp_path / "small.yaml"), "--wandb", "off"]
    process = subprocess.Popen([*command, "--results", str(results)], env={**os.environ, "OMP_NUM_THREADS": "1"})
    runs = expand(small_with(trainer={"max_epochs": 60}))
    first, second = row_file(results, runs[0]), work_folder(results, runs[1])
    limit = time.monotonic() + 240
    while not (first.exists() and (second / "best.ckpt").exists()):
        assert process.poll() is None, "the benchmark ended before it could be killed"
        assert time.monotonic() < limit
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = first.read_bytes(), first.stat().st_mtime_ns
    assert not row_file(results, runs[1]).exists()
    outcome = make(runs, results)
    assert outcome.there == runs[:1]
    assert outcome.made == runs[1:]
    assert (first.read_bytes(), first.stat().st_mtime_ns) == before
    assert all(len(row_file(results, run).read_text().splitlines()) == 9 for run in runs)
    assert all(json.loads(line) for run in runs for line in row_file(results, run).read_text().splitlines())


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available() and torch.cuda.device_count() < 2, reason="one GPU is not two devices")
def test_two_devices_share_a_run_and_lose_no_sequence(small, tmp_path):
    (run,) = expand(small, layers=["srn"], seeds=1)
    assert make([run], tmp_path, scale=Scale(devices=2)).made == [run]
    rows = read_rows(row_file(tmp_path, run))
    assert {row.world_size for row in rows} == {2}
    assert {(row.split, row.n) for row in rows} == {("train", 300), ("validation", 100), ("test", 100)}
    assert {row.steps for row in rows} == {4 * 6}  # as on one device: each takes half of every batch
