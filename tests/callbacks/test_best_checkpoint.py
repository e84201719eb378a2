"""The best model is kept, and the file is whole at any moment."""

import pytest
import torch
from lightning.pytorch import Callback
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import BestCheckpoint, EarlyStop
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


def test_best_is_the_first_of_the_best_validations(tmp_path):
    best = BestCheckpoint(dirpath=tmp_path)
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
    assert torch.load(tmp_path / "best.ckpt", weights_only=True)["global_step"] == 1
