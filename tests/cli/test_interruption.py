"""A signal ends a training behind its step; the command that is told goes on, and ends as if nothing had been."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIT = (
    "fit --config digit-sum-lstm --data.length 5 --trainer.check_val_every_n_epoch 1 --trainer.max_epochs {epochs} "
    "--wandb off --run-dir {folder}"
)
TABLE = """
name: small
title: A small table
task: sequence_classification
data: {name: digit_sum, length: 5, batch_size: 50}
model: {embedding_size: 8, hidden_size: 8, dropout: 0.2}
trainer: {max_epochs: 20}
entries: [{label: srn, layer: srn}]
"""


def start(command, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    whole = [sys.executable, "-m", "rnnzoo.cli", *shlex.split(command)]
    return subprocess.Popen(whole, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def interrupt(command, folder, number, begun):
    """Send the signal once a training has begun; gives the exit status and what was told."""
    process = start(command, folder)
    limit = time.monotonic() + 120
    while not begun():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < limit
        time.sleep(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=120)
    return process.returncode, told


def finish(command, folder):
    process = start(command, folder)
    _, told = process.communicate(timeout=240)
    assert process.returncode == 0, told


def going_on(told):
    return re.search(r"go on with: rnnzoo (.+)$", told, flags=re.M)[1]


@pytest.mark.slow
def test_fit_stops_at_the_signal_of_a_cluster_and_the_told_command_ends_with_the_same_model(tmp_path):
    finish(FIT.format(folder="whole", epochs=8), tmp_path)
    curves = "cut/logs/attempt-*/metrics.csv"
    command = FIT.format(folder="cut", epochs=8)
    status, told = interrupt(command, tmp_path, signal.SIGTERM, lambda: any(tmp_path.glob(curves)))
    assert status == 128 + signal.SIGTERM
    assert "stopping behind this step" in told
    assert not (tmp_path / "cut" / "model").exists(), "the training ended before the signal came"
    assert going_on(told) == command.replace(" --run-dir cut", "") + " --ckpt_path cut/last.ckpt --run-dir cut"
    finish(going_on(told), tmp_path)
    models = [(tmp_path / name / "model" / "model.safetensors").read_bytes() for name in ("whole", "cut")]
    assert models[0] == models[1]


@pytest.mark.slow
def test_bench_run_stops_at_ctrl_c_and_the_same_command_ends_with_the_same_rows(tmp_path):
    (tmp_path / "small.yaml").write_text(TABLE)
    command = "bench run small.yaml --wandb off --results {}"
    finish(command.format("whole"), tmp_path)
    curves = "cut/.runs/small/*/logs/attempt-*/metrics.csv"
    status, told = interrupt(command.format("cut"), tmp_path, signal.SIGINT, lambda: any(tmp_path.glob(curves)))
    assert status == 128 + signal.SIGINT
    assert not list((tmp_path / "cut" / "small").glob("*.jsonl")), "the training ended before the signal came"
    assert len(list((tmp_path / "cut").rglob("last.ckpt"))) == 1
    assert going_on(told) == command.format("cut")
    finish(going_on(told), tmp_path)
    rows = [
        [
            json.loads(line)
            for file in (tmp_path / name / "small").glob("*.jsonl")
            for line in file.read_text().split("\n")[:-1]
        ]
        for name in ("whole", "cut")
    ]
    assert len(rows[0]) == len(rows[1]) == 9
    for one, other in zip(*rows, strict=True):
        assert {key: one[key] for key in ("split", "metric", "value", "n", "steps")}.items() <= other.items()
