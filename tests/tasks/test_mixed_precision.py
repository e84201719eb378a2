"""Clipping in mixed precision: of the gradients themselves, unscaled first, with every optimiser."""

import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from training import LIGHTNINGS_OWN, loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import GradientNorms, NonFinite, NonFiniteError
from rnnzoo.tasks._optimization import OPTIMIZERS
from rnnzoo.tasks.sequence_classification import SequenceClassifier

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]
SCALE = 2.0**16


def scaled(scale=SCALE, **options):
    """Loss scaling as on a GPU, with float16 on this processor."""
    scaler = torch.amp.GradScaler("cpu", init_scale=scale, **options)
    return {"plugins": [MixedPrecision("16-mixed", "cpu", scaler)]}


PRECISIONS = {"float32": {}, "bf16-mixed": {"precision": "bf16-mixed"}, "16-mixed": scaled}


def options_of(precision):
    given = PRECISIONS[precision]
    return given() if callable(given) else given


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_global_norm_and_each_tensors_are_clipped_to_the_same_in_every_precision(precision, optimizer, tmp_path):
    norms = GradientNorms(every_n_steps=1, path=tmp_path / "norms.csv")
    torch.manual_seed(0)
    task = SequenceClassifier(spec(), "gru", hidden_size=8, optimizer=optimizer, clip_per_tensor=0.02)
    trainer = quiet_trainer(tmp_path, max_steps=2, gradient_clip_val=0.05, callbacks=[norms], **options_of(precision))
    trainer.fit(task, loader([make_batch(6), make_batch(6, seed=1)]))
    rows = {row.tensor: row for row in norms.history if row.step == 1}
    total = rows.pop("total")
    assert 0.05 < total.before < 10  # unscaled: with the scale in them they are 2^16 times as long
    expected = {name: min(0.02, 0.05 / total.before * row.before) for name, row in rows.items()}
    assert {name: row.after for name, row in rows.items()} == pytest.approx(expected, rel=1e-3, abs=1e-9)


def test_the_fused_optimizer_stays_where_nothing_hinders_it(tmp_path):
    for clip, options, fused in ((None, {"precision": "bf16-mixed"}, True), (1.0, {}, True), (None, scaled(), None)):
        task = SequenceClassifier(spec(), "none")
        trainer = quiet_trainer(tmp_path, max_steps=1, gradient_clip_val=clip, **options)
        trainer.fit(task, loader([make_batch(6)]))
        assert trainer.optimizers[0].param_groups[0]["fused"] == fused


class Steep(SequenceClassifier):
    """Gradients that overflow float16 as soon as the loss is scaled by more than about 2^10."""

    def forward(self, inputs, lengths=None):
        outputs = super().forward(inputs, lengths)
        outputs.register_hook(lambda gradient: torch.where(gradient.abs() * 64 > 65504, torch.inf, gradient))
        return outputs


def test_a_step_that_only_the_scale_made_overflow_is_skipped_and_stops_nothing(tmp_path):
    torch.manual_seed(0)
    task, guard = Steep(spec(), "gru", hidden_size=8), NonFinite()
    weights = []

    class Weights(NonFinite):
        def on_train_batch_end(self, trainer, pl_module, *_):
            weights.append(torch.nn.utils.parameters_to_vector(pl_module.parameters()).detach().clone())

    options = scaled(2.0**20)
    scaler = options["plugins"][0].scaler
    trainer = quiet_trainer(tmp_path, max_steps=20, callbacks=[guard, Weights()], gradient_clip_val=1.0, **options)
    trainer.fit(task, loader([make_batch(4, seed=seed) for seed in range(20)]))
    assert torch.equal(weights[0], weights[1]), "the first steps were to overflow"
    assert not torch.equal(weights[-2], weights[-1]), "the scale was to come down to where steps are taken"
    assert 1 < scaler.get_scale() < 2.0**20
    assert weights[-1].isfinite().all()
    assert guard.diverged_at_step is None


@pytest.mark.parametrize("end_training", [False, True])
def test_gradients_that_no_scale_makes_finite_stop_the_training(end_training, tmp_path):
    class Rooted(SequenceClassifier):
        def losses(self, outputs, batch):
            zero = (self.head.bias - self.head.bias.detach()).abs().sum()
            return super().losses(outputs, batch) + zero.sqrt()  # 0, with an infinite slope

    guard = NonFinite(end_training=end_training)
    trainer = quiet_trainer(tmp_path, max_epochs=1, callbacks=[guard], **scaled(8.0))
    batches = loader([make_batch(4, seed=seed) for seed in range(20)])
    if end_training:
        trainer.fit(Rooted(spec(), "none"), batches)
        assert guard.diverged_at_step == 3  # 8, 4, 2: skipped; 1: nothing left to halve
        return
    with pytest.raises(NonFiniteError, match=r"^gradient of head\.bias is not finite in step 3 .*scaled by 1"):
        trainer.fit(Rooted(spec(), "none"), batches)
    assert trainer.global_step == 3


def test_a_loss_that_is_not_finite_stops_a_scaled_training_at_once(tmp_path):
    class Endless(SequenceClassifier):
        def losses(self, outputs, batch):
            return super().losses(outputs, batch) + torch.inf

    trainer = quiet_trainer(tmp_path, max_epochs=1, callbacks=[NonFinite()], **scaled())
    with pytest.raises(NonFiniteError, match=r"^the loss is not finite in step 0"):
        trainer.fit(Endless(spec(), "none"), loader([make_batch(4)]))
