"""Each tensor's own norm is clipped: g <- g * min(1, limit / |g|)."""

import pytest
import torch
from torch import nn
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import GradientNorms
from rnnzoo.tasks._clipping import clip_each
from rnnzoo.tasks.sequence_classification import SequenceClassifier


def parameter(gradient):
    made = nn.Parameter(torch.zeros(len(gradient)))
    made.grad = torch.tensor(gradient)
    return made


def test_long_gradients_are_shortened_and_short_ones_left_alone():
    long, short, none = parameter([3.0, 4.0]), parameter([0.3, 0.4]), nn.Parameter(torch.zeros(2))
    clip_each([long, short, none], 2.5)
    assert long.grad.tolist() == [1.5, 2.0]
    assert short.grad.tolist() == pytest.approx([0.3, 0.4])
    assert none.grad is None


def test_a_zero_gradient_stays_zero():
    zero = parameter([0.0, 0.0])
    clip_each([zero], 1.0)
    assert zero.grad.tolist() == [0.0, 0.0]


def test_the_task_clips_globally_first_then_each_tensor(tmp_path):
    norms = GradientNorms(every_n_steps=1, path=tmp_path / "norms.csv")
    task = SequenceClassifier(spec(), layer="none", embedding_size=4, clip_per_tensor=0.02)
    trainer = quiet_trainer(tmp_path, max_steps=3, gradient_clip_val=0.05, callbacks=[norms])
    trainer.fit(task, loader([make_batch(6)]))
    assert len(norms.history) == 3 * 4
    steps = {row.step for row in norms.history}
    for step in steps:
        rows = {row.tensor: row for row in norms.history if row.step == step}
        total = rows.pop("total")
        scale = min(1, 0.05 / total.before)
        assert scale < 1
        expected = {name: min(0.02, scale * row.before) for name, row in rows.items()}
        assert {name: row.after for name, row in rows.items()} == pytest.approx(expected, rel=1e-3)
        assert total.after == pytest.approx(sum(value**2 for value in expected.values()) ** 0.5, rel=1e-3)
