"""The best model is kept, whole files only, and a training that was cut off goes on as if it had not been."""

import pytest
import torch
from lightning.pytorch import Callback
from torch import nn
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import BestCheckpoint, EarlyStop, GradientNorms, NonFinite, Throughput
from rnnzoo.data.digit_sum import DigitSum
from rnnzoo.metrics import Measured
from rnnzoo.registry import UnknownName
from rnnzoo.tasks.sequence_classification import SequenceClassifier


class Scripted(SequenceClassifier):
    """Its validation accuracy is what the script says, its weights count the steps."""

    script = (0.25, 0.75, 0.5, 0.75)
    shown = 0

    def _conclude(self, split):
        super()._conclude(split)
        value = self.script[self.shown % len(self.script)]
        self.shown += 1
        self.results[split]["accuracy"] = Measured(value, 4)
        self.log(f"{split}/other", value)


class Overwrite(Callback):
    """Puts the script's value where checkpoints look."""

    def on_validation_end(self, trainer, pl_module):
        trainer.callback_metrics["val/accuracy"].fill_(pl_module.results["val"]["accuracy"].value)


class CutOff(Exception):
    pass


class CutOffAt(Callback):
    """Stops a training like a power cut at the beginning of a step."""

    def __init__(self, step):
        self.step = step

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if trainer.global_step == self.step:
            raise CutOff


def gru(data):
    return SequenceClassifier(data.spec, "gru", hidden_size=8, schedule="cosine", warmup=0.1)


def test_best_is_the_first_of_the_best_validations(tmp_path):
    best = BestCheckpoint(dirpath=tmp_path, save_last=False)
    batches = [make_batch(4, seed=seed) for seed in range(4)]
    trainer = quiet_trainer(tmp_path, max_epochs=1, val_check_interval=1, callbacks=[Overwrite(), best])
    trainer.fit(Scripted(spec(), "none"), loader(batches), loader(batches[:1]))
    assert [path.name for path in tmp_path.glob("*.ckpt*")] == ["best.ckpt"]
    assert torch.load(tmp_path / "best.ckpt", weights_only=True)["global_step"] == 2
    assert (float(best.best_model_score), best.best_step) == (0.75, 2)
    assert best.best_results["accuracy"] == (0.75, 4)
    assert best.best_model_path == str(tmp_path / "best.ckpt")


def test_the_tasks_metric_says_which_direction_is_better(tmp_path):
    for metric, mode in (("accuracy", "max"), ("loss", "min")):
        best = BestCheckpoint(metric, dirpath=tmp_path / metric)
        trainer = quiet_trainer(tmp_path, max_steps=1, callbacks=[best, EarlyStop(metric)])
        trainer.fit(SequenceClassifier(spec(), "none"), loader([make_batch(4)]), loader([make_batch(4)]))
        assert best.mode == mode
        assert float(best.best_model_score) == pytest.approx(best.best_results[metric].value)


def test_loss_is_kept_at_its_lowest(tmp_path):
    best = BestCheckpoint("loss", dirpath=tmp_path)
    batch = make_batch(8)
    task = SequenceClassifier(spec(), "none", optimizer="sgd", learning_rate=0.3)
    trainer = quiet_trainer(tmp_path, max_epochs=4, callbacks=[best])
    trainer.fit(task, loader([batch]), loader([batch]))
    assert best.best_step == 4, "the loss falls in every step, so the last is the best"


def test_an_unknown_metric_is_refused_before_training(tmp_path):
    trainer = quiet_trainer(tmp_path, max_steps=1, callbacks=[BestCheckpoint("acuracy", dirpath=tmp_path)])
    with pytest.raises(UnknownName, match="did you mean accuracy"):
        trainer.fit(SequenceClassifier(spec(), "none"), loader([make_batch(4)]), loader([make_batch(4)]))


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path, monkeypatch):
    class Breaks(SequenceClassifier):
        def on_save_checkpoint(self, checkpoint):
            if self.global_step > 1:
                raise OSError("disk full")

    best = BestCheckpoint("loss", dirpath=tmp_path)
    trainer = quiet_trainer(tmp_path, max_epochs=3, callbacks=[best])
    task = Breaks(spec(), "none", optimizer="sgd", learning_rate=0.3)
    with pytest.raises(OSError, match="disk full"):
        trainer.fit(task, loader([make_batch(4)]), loader([make_batch(4)]))
    for name in ("best.ckpt", "last.ckpt"):
        assert torch.load(tmp_path / name, weights_only=True)["global_step"] == 1


def test_a_training_cut_off_within_an_epoch_ends_as_the_uninterrupted_one(tmp_path):
    data = DigitSum(length=5, shuffle=True)

    def train(name, *more, checkpoint=None):
        torch.manual_seed(5)
        folder = tmp_path / name
        found = {
            "best": BestCheckpoint("loss", dirpath=folder),
            "speed": Throughput(),
            "norms": GradientNorms(every_n_steps=3, path=folder / "norms.csv"),
            "stop": EarlyStop("loss", patience=50),
            "finite": NonFinite(),
        }
        trainer = quiet_trainer(folder, max_epochs=4, limit_train_batches=6, callbacks=[*found.values(), *more])
        task = gru(data)
        try:
            trainer.fit(task, datamodule=data, ckpt_path=checkpoint)
        except CutOff:
            return None
        return task, found

    whole, expected = train("whole")
    assert train("cut", CutOffAt(15)) is None
    resumed, found = train("cut", checkpoint=tmp_path / "cut" / "last.ckpt")
    vectors = [nn.utils.parameters_to_vector(task.parameters()) for task in (whole, resumed)]
    torch.testing.assert_close(*vectors, rtol=0, atol=0)
    for name in ("samples", "steps"):
        assert getattr(found["speed"], name) == getattr(expected["speed"], name)
    assert found["norms"].history == expected["norms"].history
    assert (tmp_path / "cut/norms.csv").read_text() == (tmp_path / "whole/norms.csv").read_text()
    assert found["best"].best_results == expected["best"].best_results
    assert found["best"].best_step == expected["best"].best_step
    assert found["stop"].wait_count == expected["stop"].wait_count
