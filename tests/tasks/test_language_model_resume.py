"""A language model's training that was cut off in the middle of an epoch goes on bit for bit, its carried state too."""

import contextlib

import pytest
import torch
from lightning.pytorch import Callback, seed_everything
from training import quiet_trainer

from rnnzoo.callbacks import ResumePoint
from rnnzoo.data.plain_text import PlainText
from rnnzoo.tasks.language_model import LanguageModel


class CutOff(Exception):
    pass


class CutOffAt(Callback):
    """Ends the training at its n-th batch."""

    def __init__(self, moment):
        self.left = moment

    def on_train_batch_start(self, *_):
        self.left -= 1
        if not self.left:
            raise CutOff


class Losses(Callback):
    def __init__(self):
        self.values = {}

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.values[trainer.current_epoch, batch_idx] = outputs["loss"].item()


def train(folder, *more, checkpoint=None, parts=1, model=None):
    seed_everything(1, verbose=False)
    data = PlainText.tiny()
    data.window, data.vary_window = 10, True
    data.take_steps_in(parts)
    task = LanguageModel(data.spec, "gru", hidden_size=6, num_layers=2, dropout=0.2, **(model or {}))
    losses = Losses()
    callbacks = [losses, *more, ResumePoint(folder / "last.ckpt", every_seconds=0)]
    trainer = quiet_trainer(
        folder,
        callbacks=callbacks,
        enable_checkpointing=True,
        max_epochs=2,
        val_check_interval=2 * parts,
        accumulate_grad_batches=parts,
    )
    with contextlib.suppress(CutOff):
        trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    return losses.values, torch.nn.utils.parameters_to_vector(task.parameters()).detach()


@pytest.mark.parametrize("parts", [1, 2])
def test_going_on_in_the_middle_of_an_epoch_changes_no_bit(tmp_path, parts):
    whole, weights = train(tmp_path / "whole", parts=parts)
    before, _ = train(tmp_path / "cut", CutOffAt(len(whole) - 2), parts=parts)  # in the second epoch
    rest, again = train(tmp_path / "cut", checkpoint=tmp_path / "cut/last.ckpt", parts=parts)
    assert len(whole) / 2 < len(before) < len(whole)
    assert {**before, **rest} == whole
    assert torch.equal(again, weights)
