"""A value that is not finite stops the training in its step, is named, and never reaches the weights."""

import pytest
import torch
from torch import nn
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import BestCheckpoint, NonFinite, NonFiniteError, ResumePoint, check_checkpoint
from rnnzoo.tasks.sequence_classification import SequenceClassifier


def run(folder, task, batches, **options):
    quiet_trainer(folder, max_epochs=1, callbacks=[NonFinite(**options)]).fit(task, loader(batches))


def test_a_bad_input_is_named_with_its_step(tmp_path):
    task = SequenceClassifier(spec(input="real", input_size=2, padding_id=None), "gru", embedding="none")
    batches = [make_batch(4, seed=seed)._replace(inputs=torch.randn(4, 5, 2)) for seed in range(4)]
    batches[2].inputs[1, 0, 1] = torch.nan
    with pytest.raises(NonFiniteError, match=r"^input of the batch is not finite in step 2 \(epoch 0\)"):
        run(tmp_path, task, batches)
    assert all(torch.isfinite(p).all() for p in task.parameters())


def test_a_bad_parameter_is_named(tmp_path):
    task = SequenceClassifier(spec(), "none")
    with torch.no_grad():
        task.head.weight[0, 0] = torch.inf
    with pytest.raises(NonFiniteError, match=r"^parameter head\.weight is not finite in step 0"):
        run(tmp_path, task, [make_batch(4)])


def test_a_bad_gradient_behind_a_finite_loss_is_named_before_it_reaches_the_weights(tmp_path):
    class Rooted(SequenceClassifier):
        def losses(self, outputs, batch):
            zero = (self.head.bias - self.head.bias.detach()).abs().sum()
            return super().losses(outputs, batch) + zero.sqrt()  # 0, with an infinite slope

    task = Rooted(spec(), "none", optimizer="sgd")
    before = nn.utils.parameters_to_vector(task.parameters()).clone()
    with pytest.raises(NonFiniteError, match=r"^gradient of head\.bias is not finite in step 0.*still finite"):
        run(tmp_path, task, [make_batch(4)])
    assert torch.equal(nn.utils.parameters_to_vector(task.parameters()), before)


def test_an_infinite_loss_without_gradient_is_named(tmp_path):
    class Endless(SequenceClassifier):
        def losses(self, outputs, batch):
            return super().losses(outputs, batch) + torch.inf

    with pytest.raises(NonFiniteError, match=r"^the loss is not finite in step 0"):
        run(tmp_path, Endless(spec(), "none"), [make_batch(4)])


def test_what_goes_wrong_between_looks_shows_in_the_weights(tmp_path):
    task = SequenceClassifier(spec(), "none", optimizer="sgd", learning_rate=1e38)
    with pytest.raises(NonFiniteError, match=r"^parameter .* is not finite in step 4"):
        run(tmp_path, task, [make_batch(4, seed=seed) for seed in range(6)], every_n_steps=4)


def test_large_but_finite_gradients_pass(tmp_path):
    class Steep(SequenceClassifier):
        def losses(self, outputs, batch):
            return super().losses(outputs, batch) * 1e30

    run(tmp_path, Steep(spec(), "none", optimizer="sgd", learning_rate=0.0), [make_batch(4)])


def test_the_run_directory_stays_intact(tmp_path):
    class LaterInfinite(SequenceClassifier):
        def losses(self, outputs, batch):
            return super().losses(outputs, batch) + (torch.inf if self.training and self.global_step == 3 else 0.0)

    task = LaterInfinite(spec(), "none")
    best = BestCheckpoint(dirpath=tmp_path)
    last = ResumePoint(tmp_path / "last.ckpt", every_seconds=0.0)
    trainer = quiet_trainer(tmp_path, max_epochs=9, callbacks=[NonFinite(), best, last])
    with pytest.raises(NonFiniteError, match="in step 3"):
        trainer.fit(task, loader([make_batch(4)]), loader([make_batch(4)]))
    assert check_checkpoint(tmp_path / "last.ckpt")["global_step"] == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.ckpt", "last.ckpt"]


class InfiniteFromStepThree(SequenceClassifier):
    def losses(self, outputs, batch):
        return super().losses(outputs, batch) * (torch.inf if self.training and self.global_step >= 3 else 1.0)


def train_to_the_end(folder, batches, task_type=InfiniteFromStepThree, **options):
    torch.manual_seed(0)
    task, guard = task_type(spec(), "srn", hidden_size=4, weight_decay=0.1), NonFinite(end_training=True)
    trainer = quiet_trainer(folder, max_epochs=3, callbacks=[guard])
    trainer.fit(task, loader(batches), loader([make_batch(4)]), **options)
    return task, guard, trainer


def test_where_it_is_to_end_the_training_the_step_is_not_taken_and_a_validation_follows(tmp_path):
    batches = [make_batch(4, seed=seed) for seed in range(6)]
    task, guard, _ = train_to_the_end(tmp_path, batches)
    assert guard.diverged_at_step == 3
    torch.manual_seed(0)
    three = SequenceClassifier(spec(), "srn", hidden_size=4, weight_decay=0.1)
    quiet_trainer(tmp_path, max_epochs=1).fit(three, loader(batches[:3]))
    assert all(a.equal(b) for a, b in zip(task.parameters(), three.parameters(), strict=True))
    assert task.results["val"]["loss"].value > 0


def test_a_training_that_has_diverged_is_not_resumed(tmp_path):
    batches = [make_batch(4, seed=seed) for seed in range(6)]
    task, _, trainer = train_to_the_end(tmp_path, batches)
    trainer.save_checkpoint(tmp_path / "ended.ckpt")
    again, guard, _ = train_to_the_end(tmp_path, batches, SequenceClassifier, ckpt_path=tmp_path / "ended.ckpt")
    assert guard.diverged_at_step == 3
    assert all(a.equal(b) for a, b in zip(task.parameters(), again.parameters(), strict=True))


def test_it_lets_go_of_the_batch(tmp_path):
    callback = NonFinite()
    quiet_trainer(tmp_path, max_steps=1, callbacks=[callback]).fit(
        SequenceClassifier(spec(), "none"), loader([make_batch(4)])
    )
    assert callback._batch is None
