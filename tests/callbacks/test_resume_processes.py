"""Two processes that were cut off go on, each with its own random numbers and sums, as if they had not been."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import json, sys, warnings
import torch
from lightning.pytorch import Callback, Trainer, seed_everything
from rnnzoo.callbacks import BestCheckpoint, ResumePoint
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.tasks.sequence_classification import SequenceClassifier

warnings.simplefilter("ignore")
torch.set_num_threads(1)


class Seen(Callback):
    def __init__(self, path, stop):
        self.path, self.stop, self.losses, self.epochs = path, stop, {}, {}

    def on_train_start(self, trainer, module):  # from here on the processes draw different numbers
        if not trainer.ckpt_path:
            torch.manual_seed(trainer.global_rank)

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        if trainer.global_step == self.stop:
            raise RuntimeError("cut off")

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.losses[f"{trainer.current_epoch} {batch_idx}"] = [float(outputs["loss"]), batch.inputs.sum().item()]

    def on_train_epoch_end(self, trainer, module):
        self.epochs[trainer.current_epoch] = [float(module.train_loss.total), float(module.train_loss.weight)]

    def on_train_end(self, trainer, module):
        weights = torch.nn.utils.parameters_to_vector(module.parameters()).tolist()
        found = {"losses": self.losses, "epochs": self.epochs, "weights": weights, "next": torch.rand(2).tolist()}
        with open(f"{self.path}.{trainer.global_rank}.json", "w") as file:
            json.dump(found, file)


def train(name, stop=None, checkpoint=None):
    seed_everything(0, verbose=False)
    folder = f"{sys.argv[1]}/{name.split('-')[0]}"
    data = DigitSum(length=5, batch_size=25)
    task = SequenceClassifier(data.spec, "gru", hidden_size=8, dropout=0.4, schedule="linear")
    callbacks = [Seen(f"{sys.argv[1]}/{name}", stop), BestCheckpoint("loss", dirpath=folder)]
    callbacks.append(ResumePoint(f"{folder}/last.ckpt", every_seconds=0))
    trainer = Trainer(
        accelerator="cpu", devices=2, strategy="ddp_fork", max_epochs=2, callbacks=callbacks, logger=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0, default_root_dir=folder,
    )
    trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True)


train("whole")
try:
    train("cut", stop=8)
except Exception as error:
    assert "cut off" in str(error), error
train("cut-resumed", checkpoint=f"{sys.argv[1]}/cut/last.ckpt")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
def test_two_processes_that_were_cut_off_end_as_the_uninterrupted_ones(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    draws = []
    for rank in (0, 1):
        whole, resumed = (
            json.loads((tmp_path / f"{name}.{rank}.json").read_text()) for name in ("whole", "cut-resumed")
        )
        assert set(resumed["losses"]) == {"1 2", "1 3", "1 4", "1 5"}
        assert resumed["losses"].items() <= whole["losses"].items()
        assert resumed["epochs"]["1"] == whole["epochs"]["1"]
        assert (resumed["weights"], resumed["next"]) == (whole["weights"], whole["next"])
        draws.append(whole["next"])
    assert draws[0] != draws[1], "the processes drew the same numbers, so that nothing was shown"
