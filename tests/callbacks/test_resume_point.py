"""A training that was cut off anywhere and goes on from its last checkpoint is the uninterrupted one, bit for bit."""

import pytest
import torch
from interrupting import CutOffAt, Seen, differences, train
from lightning.pytorch import Callback

from rnnzoo.callbacks import DamagedCheckpoint, NotWritten, ResumeError, check_checkpoint
from rnnzoo.callbacks._process_state import random_state, restore_random

WAYS = {
    "validation at the end of an epoch": {},
    "validation within an epoch, accumulation": {"val_check_interval": 3, "accumulate_grad_batches": 2},
    "validation across epochs": {"val_check_interval": 4, "check_val_every_n_epoch": None},
    "an epoch without validation, cut short": {"check_val_every_n_epoch": 2, "limit_train_batches": 4},
    "a number of steps": {"max_epochs": -1, "max_steps": 14, "val_check_interval": 0.5},
    "epochs of one step": {"limit_train_batches": 1, "max_epochs": 5},
}


@pytest.mark.parametrize("way", WAYS)
def test_wherever_a_training_is_cut_off_it_ends_as_the_uninterrupted_one(way, tmp_path):
    count = CutOffAt(10**9)
    expected = train(tmp_path / "whole", Seen(), count, **WAYS[way])
    moments = 10**9 - count.left
    for part in (0.45, 0.85):
        folder, seen = tmp_path / str(part), Seen()
        assert train(folder, seen, CutOffAt(int(part * moments)), **WAYS[way]) is None
        found = train(folder, seen, checkpoint=folder / "last.ckpt", **WAYS[way])
        assert differences(found, expected) == []


class Saves(Callback):
    """Keeps every state of ``last.ckpt`` in a folder."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        last = self.folder.parent / "last.ckpt"
        if last.is_file():
            last.rename(self.folder / f"{trainer.current_epoch}-{batch_idx}.ckpt")


@pytest.mark.parametrize("length", [{"max_epochs": 2}, {"max_epochs": -1, "max_steps": 11}], ids=["epochs", "steps"])
def test_every_place_is_one_to_go_on_from(length, tmp_path):
    """Behind a batch, behind one that a validation follows (3 of 6), and between epochs."""
    (tmp_path / "whole").mkdir()
    settings = {"val_check_interval": 3, **length}
    expected = train(tmp_path / "whole", Seen(), Saves(tmp_path / "whole" / "saved"), **settings)
    for name in ("0-2", "0-3", "1-0", "1-4"):
        found = train(tmp_path / "whole", Seen(), checkpoint=tmp_path / "whole" / "saved" / f"{name}.ckpt", **settings)
        assert torch.equal(found["weights"], expected["weights"]), name
        assert found["losses"].items() <= expected["losses"].items()
        assert found["counters"] == expected["counters"]


def test_a_finished_training_is_not_gone_on_with_and_a_longer_one_is(tmp_path):
    settings = {"model": {"schedule": "constant", "warmup": 0.0}}
    short = train(tmp_path / "short", Seen(), max_epochs=2, **settings)
    again = train(tmp_path / "short", Seen(), checkpoint=tmp_path / "short/last.ckpt", max_epochs=2, **settings)
    assert again["losses"] == {}
    assert torch.equal(again["weights"], short["weights"])
    longer = train(tmp_path / "longer", Seen(), max_epochs=3, **settings)
    found = train(tmp_path / "short", Seen(), checkpoint=tmp_path / "short/last.ckpt", max_epochs=3, **settings)
    assert torch.equal(found["weights"], longer["weights"])


def test_random_numbers_go_on():
    import random

    import numpy as np

    state = random_state()
    drawn = [(random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn(), float(torch.rand(())))]
    restore_random(state)
    drawn.append((random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn(), float(torch.rand(()))))
    assert drawn[0] == drawn[1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_random_numbers_of_a_cuda_device_go_on():
    torch.rand(1, device="cuda")
    state = random_state()
    drawn = torch.rand(4, device="cuda")
    restore_random(state)
    assert torch.equal(torch.rand(4, device="cuda"), drawn)


def test_a_checkpoint_of_another_number_of_processes_is_refused(tmp_path):
    train(tmp_path, Seen(), max_epochs=1)
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    content["resume"]["processes"] *= 2
    torch.save(content, tmp_path / "two.ckpt")
    with pytest.raises(ResumeError, match=r"2 process\(es\) and this training has 1"):
        train(tmp_path, Seen(), checkpoint=tmp_path / "two.ckpt", max_epochs=2)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.999])
def test_a_truncated_checkpoint_is_said_to_be(part, tmp_path):
    train(tmp_path, Seen(), max_epochs=1, limit_train_batches=1)
    path = tmp_path / "last.ckpt"
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(DamagedCheckpoint, match=r"last\.ckpt"):
        check_checkpoint(path)
    with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
        check_checkpoint(tmp_path / "none.ckpt")


def test_a_full_disk_stops_the_training_with_what_was_there_whole(tmp_path, monkeypatch):
    """The third write of the checkpoint finds no room behind its first bytes."""
    import builtins
    import errno
    import io

    class Full(io.FileIO):
        def write(self, content):
            super().write(content[:100])
            raise OSError(errno.ENOSPC, "No space left on device", str(self.name))

    writes = []

    def limited(file, mode="r", *arguments, **options):
        if str(file).endswith("last.ckpt.part"):
            writes.append(file)
            if len(writes) == 3:
                return Full(file, "w")
        return opened(file, mode, *arguments, **options)

    opened = builtins.open
    monkeypatch.setattr(builtins, "open", limited)
    with pytest.raises(NotWritten, match=r"No space left on device.*earlier one is still whole"):
        train(tmp_path, Seen())
    assert check_checkpoint(tmp_path / "last.ckpt")["global_step"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.ckpt", "norms.csv"]
