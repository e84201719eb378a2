"""Processes that torchrun or SLURM started train one model, as one process would; the first alone writes and prints."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from rnnzoo.cli import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="gloo listens otherwise there"),
]

SCRIPT = Path(__file__).parent / "started_together.py"
TABLE = """
name: small
title: A small table
task: sequence_classification
data: {name: digit_sum, length: 5, batch_size: 50}
model: {embedding_size: 8, hidden_size: 8}
trainer: {max_epochs: 2}
entries: [{layer: srn}, {layer: gru}]
figures: []
"""
RECIPE = """
task: sequence_classification
data: {class_path: digit_sum, init_args: {length: 5, batch_size: 20, shuffle: false}}
model: {layer: srn, hidden_size: 8, embedding_size: 8}
trainer: {max_steps: 8}
seed_everything: 3
"""


def environment(**more):
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1", **more}


def by_slurm(arguments, folder):
    """Two processes with what srun tells each; what they printed, if all went well."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    started = []
    for rank in ("0", "1"):
        told = {
            "SLURM_JOB_ID": "4242", "SLURM_JOB_NAME": "train", "SLURM_NODELIST": "127.0.0.1", "SLURM_NNODES": "1",
            "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2", "SLURM_NODEID": "0", "SLURM_PROCID": rank,
            "SLURM_LOCALID": rank, "MASTER_PORT": port,
        }  # fmt: skip
        command = [sys.executable, str(SCRIPT), str(folder), *arguments]
        started.append(
            subprocess.Popen(
                command, cwd=folder, env=environment(**told), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
    told_by = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0], told_by
    return [output for output, _ in told_by]


def test_a_table_under_torchrun_has_the_rows_of_one_process(tmp_path, capsys):
    (tmp_path / "small.yaml").write_text(TABLE)
    arguments = ["bench", "run", str(tmp_path / "small.yaml"), "--seeds", "1", "--wandb", "off", "--results"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*torchrun, str(SCRIPT), str(tmp_path), *arguments, str(tmp_path / "together")]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert main([*arguments, str(tmp_path / "alone")]) == 0
    for output in (done.stdout, capsys.readouterr().out):
        assert output.count("2 runs to make") == output.count("[2/2] gru seed 0") == 1
    found = {
        name: {path.name: path for path in (tmp_path / name / "small").glob("*.jsonl")}
        for name in ("alone", "together")
    }
    assert len(found["alone"]) == 2
    assert found["together"].keys() == found["alone"].keys()
    for name, alone in found["alone"].items():
        rows = [
            [json.loads(line) for line in path.read_text().splitlines()] for path in (alone, found["together"][name])
        ]
        for one, two in zip(*rows, strict=True):
            for key in ("split", "metric", "n", "steps", "parameters", "spec", "seed"):
                assert two[key] == one[key], key
            assert two["value"] == pytest.approx(one["value"], rel=1e-5)
            assert (one["world_size"], two["world_size"]) == (1, 2)


def test_fit_under_slurm_agrees_on_one_folder(tmp_path):
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    first, second = by_slurm(["fit", "--config", str(tmp_path / "recipe.yaml"), "--wandb", "off"], tmp_path)
    (run,) = (tmp_path / "rnnzoo-runs" / "recipe").iterdir()
    assert (run / "model" / "model.safetensors").is_file()
    assert first.count(f"run: {run.relative_to(tmp_path)}") == 1
    assert second == ""
