"""Learning rates that fall, and weights that are averaged, after validations that were no better."""

import pytest
import torch
from lightning.pytorch import Callback, seed_everything
from training import quiet_trainer

from rnnzoo.callbacks import BestCheckpoint
from rnnzoo.data.plain_text import PlainText
from rnnzoo.tasks._annealing import Annealing
from rnnzoo.tasks.language_model import LanguageModel


def rates(losses, factor=4.0):
    """The learning rate behind each validation."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=16.0)
    annealing, found = Annealing(factor, None), []
    for loss in losses:
        annealing.judge(loss, [optimizer])
        found.append(optimizer.param_groups[0]["lr"])
    return found


def test_the_rate_is_divided_after_each_validation_that_is_no_new_best():
    assert rates([5.0, 4.0, 4.5, 3.0, 3.0, 3.5]) == [16.0, 16.0, 4.0, 4.0, 1.0, 0.25]


# the paper's algorithm: v > min(logs[0 .. t - n - 1]), n = 2; before that no number of worse ones counts
@pytest.mark.parametrize(
    ("losses", "begins"),
    [([5, 4, 3, 3.5, 4.5], 4), ([5, 6, 7, 8], 3), ([5, 6, 7], None), ([5, 4, 3, 2, 1], None), ([5, 6], None)],
)
def test_averaging_begins_where_the_paper_has_it(losses, begins):
    annealing, found = Annealing(None, 2), None
    for i, loss in enumerate(losses):
        annealing.judge(float(loss), [])
        if annealing.steps is not None and found is None:
            found = i
    assert found == begins


class Watch(Callback):
    """The weights behind each step, and those that were validated."""

    def __init__(self):
        self.weights, self.validated = [], []

    def on_train_batch_end(self, trainer, module, *_):
        self.weights.append(module.head.bias.detach().clone())

    def on_validation_epoch_end(self, trainer, module):
        self.validated.append((len(self.weights), module.annealing.steps, module.head.bias.detach().clone()))


def train(folder, checkpoint=None, epochs=5):
    seed_everything(0, verbose=False)
    data = PlainText.tiny()
    task = LanguageModel(
        data.spec, "gru", hidden_size=6, optimizer="sgd", learning_rate=9.0, average_patience=1, anneal=2.0
    )
    watch, best = Watch(), BestCheckpoint("loss", dirpath=folder)
    trainer = quiet_trainer(folder, callbacks=[watch, best], max_epochs=epochs)
    trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    trainer.save_checkpoint(folder / "end.ckpt")
    return task, watch, best


def test_what_is_validated_and_kept_is_the_mean_of_the_weights_behind_every_step_since(tmp_path):
    task, watch, _ = train(tmp_path)
    steps, count, seen = watch.validated[-1]
    assert count is not None
    assert count > 1
    torch.testing.assert_close(seen, torch.stack(watch.weights[steps - count : steps]).mean(0))
    assert torch.equal(task.head.bias, watch.weights[-1]), "training went on from the mean"
    assert not torch.equal(seen, watch.weights[-1])


def test_going_on_between_epochs_changes_no_bit(tmp_path):
    whole, watch, _ = train(tmp_path / "whole")
    train(tmp_path / "part", epochs=4)
    again, rest, _ = train(tmp_path / "part", checkpoint=tmp_path / "part/end.ckpt")
    assert watch.validated[-2][1], "nothing was averaged when it was cut"
    assert torch.equal(again.head.bias, whole.head.bias)
    assert torch.equal(rest.validated[-1][2], watch.validated[-1][2])
    assert (
        again.optimizers(use_pl_optimizer=False).param_groups[0]["lr"]
        == (whole.optimizers(use_pl_optimizer=False).param_groups[0]["lr"])
    )


def test_settings_that_cannot_be_are_refused():
    spec = PlainText.tiny().spec
    for given in ({"anneal": 1.0}, {"average_patience": 0}, {"anneal": 4.0, "schedule": "cosine"}):
        with pytest.raises(ValueError, match=next(iter(given))):
            LanguageModel(spec, **given)
