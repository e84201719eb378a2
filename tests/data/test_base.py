"""What the loaders promise to Lightning: an interrupted epoch goes on where it stopped, and no warning is raised."""

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from rnnzoo.data.digit_sum import DigitSum

pytestmark = pytest.mark.filterwarnings(r"ignore:`isinstance\(treespec, LeafSpec\)`:FutureWarning")  # Lightning's own


class Recorder(LightningModule):
    """Learns nothing to speak of and remembers what it saw."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen = []

    def training_step(self, batch, index):
        self.seen.append(batch.inputs.tolist())
        return (self.weight * batch.weights).sum()

    def validation_step(self, batch, index):
        self.log("rows", batch.weights.sum(), batch_size=1, reduce_fx="sum")

    def test_step(self, batch, index):
        self.log("rows", batch.weights.sum(), batch_size=1, reduce_fx="sum")

    def predict_step(self, batch, index):
        return batch.targets

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


class KeepEveryStep(Callback):
    """Saves after every step, the validation at an epoch's end not yet run."""

    def on_train_batch_end(self, trainer, module, *rest):
        trainer.save_checkpoint(f"{trainer.default_root_dir}/{trainer.global_step}.ckpt")


def trainer(folder, **settings):
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "accelerator": "cpu",
    }
    return Trainer(**quiet, default_root_dir=folder, **settings)


def data():
    return DigitSum(length=5, batch_size=100, shuffle=True)  # 3 batches an epoch


def test_a_resumed_run_sees_the_batches_of_an_uninterrupted_one(tmp_path):
    whole = Recorder()
    trainer(tmp_path, max_epochs=3).fit(whole, datamodule=data())
    trainer(tmp_path, max_epochs=2, callbacks=[KeepEveryStep()]).fit(Recorder(), datamodule=data())
    for step in (1, 2, 3, 4, 5):
        rest = Recorder()
        trainer(tmp_path, max_epochs=3).fit(rest, datamodule=data(), ckpt_path=tmp_path / f"{step}.ckpt")
        assert rest.seen == whole.seen[step:]


def test_validation_and_test_count_every_row_once_and_prediction_keeps_the_order(tmp_path):
    run = trainer(tmp_path)
    assert run.validate(Recorder(), datamodule=data(), verbose=False)[0]["rows"] == 100
    assert run.test(Recorder(), datamodule=data(), verbose=False)[0]["rows"] == 100
    predicted = torch.cat(run.predict(Recorder(), datamodule=data()))
    assert torch.equal(predicted, data().splits["test"].targets)


def test_a_finished_pass_begins_afresh_after_loading():
    loader = data().train_dataloader()
    whole = [batch.targets.tolist() for batch in loader]
    loader.load_state_dict(loader.state_dict())
    assert [batch.targets.tolist() for batch in loader] == whole


def test_workers_give_the_same_batches():
    settings = {"length": 5, "batch_size": 100, "shuffle": True}
    here, elsewhere = (DigitSum(**settings, num_workers=n).train_dataloader() for n in (0, 1))
    for a, b in zip(here, elsewhere, strict=True):
        assert torch.equal(a.inputs, b.inputs)


def test_an_unknown_split_and_a_batch_size_of_nothing_are_refused():
    with pytest.raises(ValueError, match="expected one of train, validation, test"):
        data().loader("dev", batch_size=1)
    with pytest.raises(ValueError, match="eval_batch_size is 0"):
        DigitSum(eval_batch_size=0)
