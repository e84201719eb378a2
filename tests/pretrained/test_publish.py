import json

import pytest
import torch
from training import LIGHTNINGS_OWN

from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.pretrained import PretrainedError, load_pretrained, save_pretrained
from rnnzoo.pretrained.manifest import manifest
from rnnzoo.pretrained.publish import main, publish, read_rows
from rnnzoo.pretrained.tensors import sha256

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]


@pytest.fixture
def run(task, tmp_path):
    """The folder of a finished run, its rows' file, and an empty zoo."""
    folder = tmp_path / "run"
    folder.mkdir()
    checkpoint = {"state_dict": task.state_dict(), "hyper_parameters": dict(task.hparams)}
    task.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "best.ckpt")
    (folder / "run.json").write_text(json.dumps({"data_name": "digit_sum", "data": {"length": 6}}))
    row = {
        "table": "digit-sum", "spec": "abc", "label": "lstm", "layer": "lstm", "variant": {"length": 6}, "seed": 0,
        "split": "test", "metric": "accuracy", "value": 0.5, "n": 100, "commit": "f00", "finished_at": "2026-11-21",
        "data": "digit_sum", "data_version": DigitSum(length=6).data_version,
        "checkpoint_sha256": sha256(folder / "best.ckpt"),
    }  # fmt: skip
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "manifest.json").write_text('{"format": 1, "models": {}}')
    return folder


@pytest.fixture
def zoo(tmp_path):
    return {"folder": tmp_path / "weights", "manifest": tmp_path / "manifest.json"}


def accuracy(task, split):
    """By ``predict`` alone."""
    rows = DigitSum(length=6).splits[split][list(range(100))]
    answers = task.predict([row.tolist() for row in rows.inputs])
    return sum(answer.label == str(int(target)) for answer, target in zip(answers, rows.targets, strict=True)) / 100


def test_a_published_model_states_what_its_own_files_measure(task, run, zoo, tmp_path):
    entry = publish(run, "sums", read_rows([tmp_path / "rows.jsonl"]), half=True, **zoo)
    directory = zoo["folder"] / "sums"
    assert manifest(zoo["manifest"]) == {"sums": entry}
    for name, facts in entry.files.items():
        assert facts == {"sha256": sha256(directory / name), "bytes": (directory / name).stat().st_size}
    loaded = load_pretrained(directory)
    assert entry.measured["validation/accuracy"] == pytest.approx(accuracy(loaded, "validation"))
    assert entry.measured["test/accuracy"] == pytest.approx(accuracy(loaded, "test"))
    assert entry.rows[0]["value"] == 0.5
    assert entry.licence == "generated"
    assert f"| test/accuracy | {entry.measured['test/accuracy']:.4f} |" in (directory / "README.md").read_text()


def test_a_second_model_leaves_the_first_in_the_manifest(run, zoo, tmp_path):
    rows = read_rows([tmp_path / "rows.jsonl"])
    publish(run, "sums", rows, **zoo)
    publish(run / "best.ckpt", "again", rows, **zoo)
    assert list(manifest(zoo["manifest"])) == ["again", "sums"]


def test_rows_of_another_checkpoint_are_refused(run, zoo, tmp_path):
    rows = read_rows([tmp_path / "rows.jsonl"])
    rows[0]["checkpoint_sha256"] = "0" * 64
    with pytest.raises(PretrainedError, match="give the rows of this run"):
        publish(run, "sums", rows, **zoo)
    assert manifest(zoo["manifest"]) == {}


def test_data_that_has_changed_since_is_refused(run, zoo, tmp_path):
    rows = read_rows([tmp_path / "rows.jsonl"])
    rows[0]["data_version"] = "0"
    with pytest.raises(PretrainedError, match="train again"):
        publish(run, "sums", rows, **zoo)


def test_a_model_above_the_limit_is_not_shipped(run, zoo, tmp_path, monkeypatch):
    monkeypatch.setattr("rnnzoo.pretrained.publish.LARGEST", 1000)
    with pytest.raises(PretrainedError, match="at most 1,000"):
        publish(run, "sums", read_rows([tmp_path / "rows.jsonl"]), **zoo)
    assert not zoo["folder"].exists()


def test_a_model_directory_needs_the_arguments_of_its_data(task, run, zoo, tmp_path):
    rows = read_rows([tmp_path / "rows.jsonl"])
    model = save_pretrained(task, tmp_path / "alone" / "model")
    with pytest.raises(PretrainedError, match="--data-arguments"):
        publish(model, "sums", rows, **zoo)
    assert publish(model, "sums", rows, data_arguments={"length": 6}, **zoo).name == "sums"


def test_rows_of_two_runs_are_refused(tmp_path):
    for number in "12":
        (tmp_path / number).write_text(json.dumps({"checkpoint_sha256": number}))
    with pytest.raises(PretrainedError, match="2 checkpoints"):
        read_rows([tmp_path / "1", tmp_path / "2"])


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    assert main([str(tmp_path), "--name", "x", "--rows", str(tmp_path / "none.jsonl")]) == 1
    assert "none.jsonl cannot be read" in capsys.readouterr().err
