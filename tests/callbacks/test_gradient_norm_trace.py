"""The trace of gradient norms is that of the gradients, loses nothing to a resume, and sums up as it says."""

import math

import pytest
import torch
from lightning.pytorch import Callback
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import GradientNormTrace, NonFinite
from rnnzoo.tasks.sequence_classification import SequenceClassifier

TENSORS = {"W": "*.weight_ih", "biases": "*.bias_?h", "all": "*"}


class Witness(Callback):
    """Keeps the gradients themselves, before clipping."""

    def __init__(self):
        self.seen = []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.seen.append({name: p.grad.double() for name, p in pl_module.named_parameters()})


def norm(*gradients):
    return math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients))


def train(folder, *callbacks, checkpoint=None, epochs=1, batches=5, **model):
    torch.manual_seed(0)
    trainer = quiet_trainer(folder, callbacks=list(callbacks), max_epochs=epochs)
    task = SequenceClassifier(spec(), "srn", embedding_size=3, hidden_size=4, **model)
    trainer.fit(task, loader([make_batch(4, seed=seed) for seed in range(batches)]), ckpt_path=checkpoint)
    return trainer


def test_a_record_has_the_norm_of_all_the_gradients_that_match_before_and_after_clipping(tmp_path):
    trace, witness = GradientNormTrace(TENSORS), Witness()
    train(tmp_path, trace, witness, clip_per_tensor=0.01)
    assert [record["step"] for record in trace.records] == [0, 1, 2, 3, 4]
    for record, seen in zip(trace.records, witness.seen, strict=True):
        cell = "encoder.recurrent.cells.0."
        assert record["W"] == pytest.approx(norm(seen[cell + "weight_ih"]), rel=1e-5)
        assert record["biases"] == pytest.approx(norm(seen[cell + "bias_ih"], seen[cell + "bias_hh"]), rel=1e-5)
        assert record["all"] == pytest.approx(norm(*seen.values()), rel=1e-5)
        assert record["W_clipped"] == pytest.approx(min(0.01, record["W"]), rel=1e-5)


def test_without_clipping_there_is_nothing_after_it(tmp_path):
    trace = GradientNormTrace({"W": "*.weight_ih"}, every_n_steps=2)
    train(tmp_path, trace)
    assert [set(record) for record in trace.records] == [{"step", "W"}] * 3


def test_the_share_counts_the_steps_after_the_tenth_below_a_thousandth():
    trace = GradientNormTrace()
    assert trace.summary() == []
    norms = [1e-9] * 10 + [1.0, 9e-4, 1e-3, 1e-4, 2.0]
    trace.records = [{"step": step, "W": value, "W_clipped": 0.0} for step, value in enumerate(norms)]
    (found,) = trace.summary()
    assert found == ("share_small_W", 2 / 5, "fraction", 5)


def test_a_resumed_training_has_the_records_of_an_undisturbed_one(tmp_path):
    undisturbed, first, second = GradientNormTrace(), GradientNormTrace(), GradientNormTrace()
    train(tmp_path, undisturbed, epochs=2)
    train(tmp_path, first, epochs=1).save_checkpoint(tmp_path / "half.ckpt")
    train(tmp_path, second, epochs=2, checkpoint=tmp_path / "half.ckpt")
    assert len(second.records) == 10
    assert second.records == undisturbed.records


def test_a_pattern_that_nothing_matches_is_refused_with_the_names_there_are(tmp_path):
    with pytest.raises(ValueError, match=r"'\*\.weight_hx'; this model has .*cells\.0\.weight_hh"):
        train(tmp_path, GradientNormTrace({"U": "*.weight_hx"}))


def test_a_step_that_is_not_taken_is_not_recorded(tmp_path):
    class Spoil(Callback):
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            if trainer.global_step == 3:
                pl_module.head.bias.grad[0] = math.nan

    trace, guard = GradientNormTrace({"W": "*.weight_ih"}), NonFinite(end_training=True)
    train(tmp_path, Spoil(), guard, trace)
    assert guard.diverged_at_step == 3
    assert [record["step"] for record in trace.records] == [0, 1, 2]
