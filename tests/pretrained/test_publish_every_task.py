"""A model of every task can be published, and its entry states what a Trainer measures of its files."""

import json

import pytest
import torch
from training import LIGHTNINGS_OWN, quiet_trainer

from rnnzoo.pretrained import load_pretrained
from rnnzoo.pretrained.publish import publish
from rnnzoo.pretrained.tensors import sha256
from rnnzoo.registry import DATA, TASKS

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]


def case_of(task):
    """A dataset that the task accepts."""
    return next(data for data in DATA.entries() if data.kind in task.accepts)


@pytest.mark.parametrize("task", [pytest.param(task, id=task.name) for task in TASKS.entries()])
def test_its_entry_states_what_a_trainer_measures_of_its_files(task, tmp_path, monkeypatch):
    entry = case_of(task)
    monkeypatch.setattr(DATA, "create", lambda name, **settings: DATA.entry(name).target.tiny())
    data = entry.target.tiny()
    model = task.target(data.spec)
    model.codec = data.codec_state()
    checkpoint = {"state_dict": model.state_dict(), "hyper_parameters": dict(model.hparams)}
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "best.ckpt")
    (tmp_path / "run.json").write_text(json.dumps({"data_name": entry.name, "data": {}}))
    row = {
        "table": "small", "spec": "abc", "label": "lstm", "layer": "lstm", "variant": {}, "seed": 0, "split": "test",
        "metric": "loss", "value": 0.5, "n": 1, "commit": "f00", "finished_at": "2026-11-21", "data": entry.name,
        "data_version": data.data_version, "checkpoint_sha256": sha256(tmp_path / "best.ckpt"),
    }  # fmt: skip
    (tmp_path / "manifest.json").write_text('{"format": 1, "models": {}}')
    made = publish(tmp_path, "one", [row], half=True, folder=tmp_path / "zoo", manifest=tmp_path / "manifest.json")
    loaded = load_pretrained(tmp_path / "zoo" / "one")
    trainer = quiet_trainer(tmp_path)
    trainer.validate(loaded, datamodule=data, verbose=False)
    trainer.test(loaded, datamodule=data, verbose=False)
    expected = {
        f"{split}/{name}": measured.value
        for split, key in (("validation", "val"), ("test", "test"))
        for name, measured in loaded.results[key].items()
    }
    assert made.measured == pytest.approx(expected, nan_ok=True)
    assert len(expected) >= 4
