import os
import pickle
import warnings

import pytest
import torch
from lightning.pytorch import Trainer

from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.pretrained import PretrainedError, load_pretrained


@pytest.fixture
def checkpoint(task, tmp_path):
    """One that a real Trainer wrote."""
    trainer = Trainer(
        max_steps=2, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        enable_checkpointing=False, limit_val_batches=1, num_sanity_val_steps=0, default_root_dir=tmp_path,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the training, which is tested elsewhere
        trainer.fit(task.train(), datamodule=DigitSum(length=6))
        trainer.save_checkpoint(tmp_path / "last.ckpt")
    return tmp_path / "last.ckpt"


class Bomb:
    """Unpickling it makes a directory."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


def test_a_trainers_checkpoint_predicts_what_the_task_predicts(task, raw, checkpoint):
    loaded = load_pretrained(checkpoint)
    task.eval()
    assert not loaded.training
    assert [p.label for p in loaded.predict(raw)] == [p.label for p in task.predict(raw)]
    assert all(torch.equal(loaded.state_dict()[name], tensor) for name, tensor in task.state_dict().items())


@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_code_in_a_checkpoint_does_not_run(tmp_path, form, checkpoint):
    content = torch.load(checkpoint, weights_only=False) | {"extra": Bomb(tmp_path / "ran")}
    path = tmp_path / "malicious.ckpt"
    if form == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(PretrainedError, match="trust_pickle"):
        load_pretrained(path)
    assert not (tmp_path / "ran").exists()


def test_a_trusted_checkpoint_is_unpickled(tmp_path, checkpoint, raw):
    content = torch.load(checkpoint, weights_only=False) | {"extra": Bomb(tmp_path / "ran")}
    torch.save(content, tmp_path / "own.ckpt")
    assert len(load_pretrained(tmp_path / "own.ckpt", trust_pickle=True).predict(raw)) == len(raw)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("keep", [0, 40, -100])
def test_a_truncated_checkpoint_is_refused(checkpoint, keep):
    checkpoint.write_bytes(checkpoint.read_bytes()[:keep])
    with pytest.raises(PretrainedError, match=r"damaged|no checkpoint"):
        load_pretrained(checkpoint)


@pytest.mark.parametrize(
    "content",
    [
        {"model": {}},
        {"state_dict": {}, "hyper_parameters": {"layer": "lstm"}},
        {"state_dict": {}, "hyper_parameters": {}, "codec": None, "task": "sequence_classification", "rnnzoo": 1},
        {"state_dict": {}, "hyper_parameters": {}, "codec": None, "task": None, "rnnzoo": {"format": 1}},
        {"state_dict": {}, "hyper_parameters": {}, "codec": None, "task": "x", "rnnzoo": {"format": 1}},
        [1, 2],
    ],
)
def test_a_checkpoint_of_something_else_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "foreign.ckpt")
    with pytest.raises(PretrainedError, match=r"foreign\.ckpt"):
        load_pretrained(tmp_path / "foreign.ckpt")


def test_a_checkpoint_that_lacks_a_tensor_names_it(tmp_path, checkpoint):
    content = torch.load(checkpoint, weights_only=True)
    name, _ = content["state_dict"].popitem()
    torch.save(content, tmp_path / "short.ckpt")
    with pytest.raises(PretrainedError, match=f"missing: {name}"):
        load_pretrained(tmp_path / "short.ckpt")


def test_a_checkpoint_of_a_newer_format_asks_for_an_upgrade(tmp_path, checkpoint):
    content = torch.load(checkpoint, weights_only=True)
    torch.save(content | {"rnnzoo": {"format": 2}}, tmp_path / "newer.ckpt")
    with pytest.raises(PretrainedError, match="written by rnnzoo format 2, this reads up to 1: upgrade"):
        load_pretrained(tmp_path / "newer.ckpt")
