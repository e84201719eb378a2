"""What a run has logged is on the disk, whole, and is what the training had: nothing needs a key or a server."""

import csv
import hashlib
import json
from functools import partial
from pathlib import Path

import pytest
from wandb_alone import wandb_alone
from wandb_files import wandb_runs
from wandb_small import small_run

from rnnzoo.bench import training
from rnnzoo.bench.runner import make_runs, row_file, work_folder
from rnnzoo.bench.wandb_report import log_report
from rnnzoo.callbacks import ResumePoint, read_rows

TIMED = ("memory/peak_bytes", "throughput/samples_per_second")
"""What differs from one run to the next."""


def curves(path):
    """Every number of a metrics.csv, none of which stands twice: {(step, key): value}."""
    with Path(path).open(newline="") as file:
        rows = [(int(row.pop("step")), row.pop("epoch"), row) for row in csv.DictReader(file)]
    found = [((step, key), float(value)) for step, _, row in rows for key, value in row.items() if value]
    assert len(dict(found)) == len(found)
    return dict(found)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run made offline: the run, the results' folder, what was logged."""
    folder = tmp_path_factory.mktemp("offline")
    run = small_run()
    with wandb_alone(folder):
        outcome = make_runs([run], folder / "results")
    assert outcome.made == [run]
    (logged,) = wandb_runs(work_folder(folder / "results", run))
    return run, folder / "results", logged


def test_a_run_is_grouped_by_its_table_and_named_by_layer_and_seed(made):
    _, _, logged = made
    assert (logged.info.project, logged.info.run_group, logged.info.display_name) == ("rnnzoo", "small", "gru-0")
    assert logged.info.run_id.startswith("small-gru-0-")
    assert logged.exit_code == 0


def test_the_configuration_is_the_resolved_run(made):
    run, _, logged = made
    assert (logged.config["spec"], logged.config["data_version"]) == (run.spec, run.data_version)
    assert (logged.config["model"], logged.config["trainer"]) == (run.model, run.trainer)
    assert logged.config["hyperparameters"]["pooling"] == "attention"
    assert logged.config["hyperparameters"]["spec"]["output_size"] == 19


def test_the_curves_are_those_of_the_csv_file_number_by_number(made):
    run, results, logged = made
    expected = curves(work_folder(results, run) / "metrics.csv")
    keys = {key for _, key in expected}
    assert {"train/loss", "train/loss_step", "val/accuracy", "val/loss", "gradient_norm/total", *TIMED} <= keys
    assert "lr-Adam" in keys
    found = {(step, key): value for key in keys for step, value in logged.curve(key)}
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_curves_end_with_the_training(made):
    """What is measured for the rows afterwards, on other splits, is no point of a curve."""
    _, _, logged = made
    assert [step for step, _ in logged.curve("val/accuracy")] == [6 * epoch - 1 for epoch in range(1, 11)]


def test_the_result_row_is_the_summary(made):
    run, results, logged = made
    rows = read_rows(row_file(results, run))
    assert len(rows) == 9
    for row in rows:
        assert logged.summary[f"result/{row.split}/{row.metric}"] == row.value
        assert logged.summary["result/parameters"] == row.parameters
        assert logged.summary["result/seconds"] == row.seconds


def test_pictures_of_confusion_attention_and_gates_are_there(made):
    run, results, logged = made
    last = logged.history[-1]
    for name in ("confusion", "attention", "gates"):
        assert last[f"pictures/{name}._type"] == "image-file"
        file = logged.path.parent / "files" / last[f"pictures/{name}.path"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == last[f"pictures/{name}.sha256"]
        assert file.read_bytes() == (work_folder(results, run) / "pictures" / f"{name}.png").read_bytes()


def test_the_model_leads_to_its_data_its_row_and_its_checkpoint(made):
    run, results, logged = made
    artifacts = {artifact.type: artifact for artifact in logged.artifacts}
    (row, *_) = read_rows(row_file(results, run))
    about = json.loads(artifacts["model"].metadata)
    assert (results / about["row_file"]) == row_file(results, run)
    assert (about["data"], about["data_version"], about["spec"]) == ("digit_sum", run.data_version, run.spec)
    assert about["checkpoint_sha256"] == row.checkpoint_sha256
    (file,) = artifacts["model"].manifest.contents
    kept = Path(file.local_path)  # outlives the working folder's checkpoint
    assert not (work_folder(results, run) / "best.ckpt").exists()
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == row.checkpoint_sha256
    assert (artifacts["dataset"].name, set(artifacts["model"].aliases)) == ("digit_sum", {"best", "latest"})
    (described,) = artifacts["dataset"].manifest.contents
    assert json.loads(Path(described.local_path).read_text())["data_version"] == run.data_version


def test_a_run_that_logs_has_the_numbers_of_one_that_does_not(made, tmp_path):
    run, results, _ = made
    plain = {(row.split, row.metric): (row.value, row.steps) for row in training.train(run, tmp_path, wandb="off")}
    assert {(row.split, row.metric): (row.value, row.steps) for row in read_rows(row_file(results, run))} == plain
    assert not list(tmp_path.rglob("*.wandb")) + list(tmp_path.rglob("*.png"))
    with_wandb, without = (curves(folder / "metrics.csv") for folder in (work_folder(results, run), tmp_path))
    assert with_wandb.keys() == without.keys()
    assert all(with_wandb[place] == without[place] for place in without if place[1] not in TIMED)


def test_a_killed_and_resumed_run_is_one_run_and_its_curves_are_those_of_an_undisturbed_one(
    made, tmp_path, monkeypatch
):
    run, results, _ = made
    monkeypatch.setattr(training, "ResumePoint", partial(ResumePoint, every_seconds=0.0))

    def stop(share):
        if share > 0.55:
            raise RuntimeError("stopped")

    with wandb_alone(tmp_path):
        with pytest.raises(RuntimeError, match="stopped"):
            training.train(run, tmp_path / "run", wandb="offline", progress=stop)
        training.train(run, tmp_path / "run", wandb="offline")
    first, second = wandb_runs(tmp_path / "run")
    assert first.info.run_id == second.info.run_id
    assert (first.exit_code, second.exit_code) == (1, 0)
    undisturbed = curves(work_folder(results, run) / "metrics.csv")
    resumed = curves(tmp_path / "run" / "metrics.csv")
    assert resumed.keys() == undisturbed.keys()
    assert all(resumed[place] == undisturbed[place] for place in resumed if place[1] not in TIMED)


def test_the_comparison_is_a_table_of_its_lines(tmp_path):
    with wandb_alone(tmp_path):
        log_report("offline", tmp_path / "report", "small", ["layer", "accuracy"], [("gru", "0.5"), ("srn", "0.4")], {})
    (logged,) = wandb_runs(tmp_path)
    (row,) = logged.history
    assert (row["table._type"], row["table.ncols"], row["table.nrows"]) == ("table-file", 2, 2)
    content = json.loads((logged.path.parent / "files" / row["table.path"]).read_text())
    assert content == {"columns": ["layer", "accuracy"], "data": [["gru", "0.5"], ["srn", "0.4"]]}
    assert (logged.info.job_type, logged.info.run_group) == ("report", "small")


def test_ten_runs_of_one_process_share_a_service_and_leave_no_thread_behind(tmp_path):
    import threading

    from rnnzoo.bench.wandb_run import finish_session, start_wandb

    def one(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        session = start_wandb("offline", folder, group="g", name=str(number), config={}, id=f"r{number}")
        session.log({"a": number})
        finish_session(session)
        return threading.active_count()

    with wandb_alone(tmp_path):
        counts = [one(number) for number in range(10)]
    assert len(set(counts)) == 1
    assert [run.exit_code for run in wandb_runs(tmp_path)] == [0] * 10
