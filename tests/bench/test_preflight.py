"""What can be known to fail is one clear message, before a run starts and before anything is written."""

import json
import os

import pytest
import torch

from rnnzoo.bench import devices
from rnnzoo.bench.devices import check_devices
from rnnzoo.bench.errors import DeviceError, TableError
from rnnzoo.bench.launched import launched
from rnnzoo.bench.preflight import _check_models
from rnnzoo.bench.runner import make_runs, row_file
from rnnzoo.bench.runs import expand
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.table import list_tables, load_table
from rnnzoo.callbacks import write_rows
from rnnzoo.registry import DATA, UnknownName

STARTED = (
    "TORCHELASTIC_RUN_ID", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "RANK", "SLURM_NTASKS", "SLURM_NTASKS_PER_NODE",
    "SLURM_PROCID", "SLURM_NNODES", "SLURM_JOB_NAME",
)  # fmt: skip


@pytest.fixture(autouse=True)
def started_as(monkeypatch):
    """A machine without a GPU, on which nobody started this process; gives what sets the variables of who did."""
    for name in STARTED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


@pytest.fixture
def gpus(monkeypatch):
    """Four GPUs, as far as anyone asks."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)


def refused(runs, folder, message, error=TableError, **options):
    with pytest.raises(error, match=message):
        make_runs(runs, folder, wandb="off", **options)
    assert not (folder / ".runs").exists()
    assert all(not row_file(folder, run).exists() for run in runs)


CORES = os.cpu_count()


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (Scale(devices=CORES + 1), f"{CORES + 1} were asked for, and this machine has {CORES} processor cores; use"),
        (
            Scale(devices=2, nodes=3),
            "--nodes 3 needs a process on every machine.*torchrun --nnodes 3 --nproc-per-node 2",
        ),
        (Scale(strategy="fsdp"), "there is none here; use --strategy ddp"),
    ],
    ids=["devices", "nodes", "fsdp"],
)
def test_devices_that_are_not_there_are_refused_before_anything_is_written(small, tmp_path, scale, message):
    refused(expand(small, seeds=1), tmp_path, message, scale=scale)


@pytest.mark.parametrize(
    ("precision", "error", "message"),
    [("16-mixed", DeviceError, "use --precision bf16-mixed"), ("b16-mixed", UnknownName, "did you mean bf16-mixed")],
)
def test_a_precision_that_cannot_be_had_is_refused(small, tmp_path, precision, error, message):
    refused(expand(small, seeds=1, precision=precision), tmp_path, message, error)


def test_on_gpus_their_number_counts(gpus):
    check_devices(4, 1, "fsdp", "16-mixed")
    with pytest.raises(DeviceError, match="--devices 5 were asked for, and this machine has 4 GPUs"):
        check_devices(5, 1, "ddp", "32")


def test_processes_that_were_started_are_taken_as_they_are(started_as, monkeypatch):
    monkeypatch.setattr(devices.os, "cpu_count", lambda: 1)
    started_as(TORCHELASTIC_RUN_ID="x", WORLD_SIZE="6", LOCAL_WORLD_SIZE="3", RANK="1")
    there = launched()
    assert (there.devices, there.nodes, there.size, there.leads) == (3, 2, 6, False)
    check_devices(3, 2, "ddp", "32")
    with pytest.raises(DeviceError, match="--devices 6 on --nodes 1 were asked for, and torchrun started 3 on 2"):
        check_devices(6, 1, "ddp", "32")


def test_slurm_says_how_many_it_started_or_why_it_cannot_be_used(started_as):
    started_as(SLURM_NTASKS="4", SLURM_PROCID="0", SLURM_NNODES="2", SLURM_JOB_NAME="train")
    with pytest.raises(DeviceError, match="Use `--ntasks-per-node=4` instead"):
        launched()
    started_as(SLURM_NTASKS_PER_NODE="2")
    there = launched()
    assert (there.by, there.devices, there.nodes, there.leads) == ("SLURM", 2, 2, True)
    started_as(SLURM_JOB_NAME="interactive")
    assert launched() is None


def test_what_a_task_refuses_is_told_for_all_runs_at_once(small_with, tmp_path):
    table = small_with(entries=[{"layer": "srn"}, {"layer": "gru", "model": {"output": "sigmoid"}}])
    refused(expand(table), tmp_path, "gru seed 0: task sequence_classification with layer gru refuses.*two labels")


@pytest.mark.parametrize("scale", [Scale(devices=2), Scale(accumulate=2)], ids=["devices", "parts"])
def test_limits_that_count_batches_of_a_process_are_refused_where_there_are_several(small_with, tmp_path, scale):
    runs = expand(small_with(trainer={"max_epochs": 1, "limit_val_batches": 2}), seeds=1)
    refused(runs, tmp_path, "limit_val_batches of the table would choose other rows", scale=scale)


def test_clipping_by_a_norm_that_nobody_knows_whole_is_refused(small_with, tmp_path, gpus):
    runs = expand(small_with(trainer={"max_epochs": 1, "gradient_clip_val": 1.0}), seeds=1)
    refused(
        runs, tmp_path, "no process knows whole under strategy fsdp; use --strategy ddp", scale=Scale(strategy="fsdp")
    )


def test_a_folder_of_a_tables_rows_is_not_the_folder_of_all(small, tmp_path, row):
    write_rows(tmp_path / "other" / "abc-srn-0.jsonl", [row(table="other")])
    refused(expand(small, seeds=1), tmp_path / "other", "is the folder of one table's rows .*the one above it")


def test_rows_of_another_table_are_not_mixed_with_ours(small, tmp_path, row):
    write_rows(tmp_path / "small" / "abc-srn-0.jsonl", [row(table="other")])
    refused(expand(small, seeds=1), tmp_path, "holds rows of table other in the folder of table small; give --results")


@pytest.mark.parametrize(
    ("change", "message"),
    [({"schema": 99}, "has schema 99 and this rnnzoo reads up to"), ({"unit": None}, "it lacks \\['unit'\\]")],
    ids=["newer", "older"],
)
def test_rows_of_a_schema_that_cannot_be_read_are_told_before_the_training(small, tmp_path, row, change, message):
    path = write_rows(tmp_path / "small" / "abc-srn-0.jsonl", [row()])
    content = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}) + "\n")
    refused(expand(small, seeds=1), tmp_path, f"rows of table small cannot be read: .*{message}")


TOO_SMALL = {"ett", "ett-all", "exchange", "jena", "pm25", "weibo-ner", "wikitext-2"}
"""Tables with settings that the tiny form of their data is too small for."""


@pytest.mark.parametrize("name", [name for name in list_tables() if name not in TOO_SMALL])
def test_every_entry_of_every_table_makes_a_model(name, monkeypatch):
    table = load_table(name)
    if table.race or table.parameters:
        pytest.skip("a race builds its layers; a budget's widths are worked out by building them")
    monkeypatch.setattr(DATA, "create", lambda name, **settings: DATA.entry(name).target.tiny())
    runs = [run for run in expand(table) if run.seed == 0 and not run.baseline]
    _check_models(runs)
    assert runs
