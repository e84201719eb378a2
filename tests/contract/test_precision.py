"""In bfloat16 every layer, and every task on every kind of its data, learns what it learns in float32.

The measure: two trainings of the same weights on the same batches, one under Lightning's ``bf16-mixed``; the area
between their two loss curves, as a share of the area under float32's, is at most 2 %. An area does not forgive an
excursion that the last loss has forgotten, and differences of both signs do not cancel. The delay of five steps is
noisy and ragged, and at the learning rate below a training is no chaos: where float32 itself leaves its curve by 2 % as
soon as its weights are moved by 2^-9 of their size, the rounding of bfloat16, there is nothing to compare.
"""

import logging

import pytest
import torch
from lightning.pytorch import Callback
from training import LIGHTNINGS_OWN, loader, quiet_trainer

from rnnzoo.contracts import SequenceBatch
from rnnzoo.modules.pooling import POOLINGS
from rnnzoo.registry import DATA, LAYERS, TASKS
from rnnzoo.tasks.sequence_classification import SequenceClassifier

pytestmark = [pytest.mark.filterwarnings(warning) for warning in LIGHTNINGS_OWN]
LARGEST = 0.02
STEPS, ROWS, TIME = 20, 32, 6
SPEC = {
    "kind": "label", "input": "real", "input_size": 2, "output_size": 2, "labels": ["a", "b"], "padding_id": None,
    "streaming": False, "version": 1,
}  # fmt: skip
RATE = 5e-3
RATES = {"nru": 3e-4}
"""NRU's memory adds up what its heads write, each scaled to norm 1: at 5e-3 it has learnt the task in ten steps, along
curves that in float32, too, a change of the weights by 2^-15 moves by half. At this rate it learns like the others."""


class Losses(Callback):
    """The loss of every step."""

    def __init__(self):
        self.found = []

    def on_before_backward(self, trainer, pl_module, loss):
        self.found.append(float(loss.detach()))


@pytest.fixture(autouse=True)
def without_announcements():
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def delay(seed):
    """The sign of the first step, asked for after three to five steps of noise."""
    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(2, (ROWS,), generator=generator)
    x = torch.randn(ROWS, TIME, 2, generator=generator)
    x[..., 0] *= 0.1
    x[:, 0, 0] += 2.0 * signs - 1
    lengths = torch.randint(4, TIME + 1, (ROWS,), generator=generator)
    return SequenceBatch(x, lengths, signs, torch.ones(ROWS), torch.ones(ROWS, dtype=torch.bool))


BATCHES = [delay(seed) for seed in range(STEPS)]


def curve(folder, precision, make_task, batches=BATCHES, **options):
    torch.manual_seed(0)
    losses = Losses()
    trainer = quiet_trainer(folder, max_steps=STEPS, max_epochs=-1, precision=precision, callbacks=[losses], **options)
    trainer.fit(make_task(), loader(batches))
    return torch.tensor(losses.found)


def departure(folder, make_task, batches=BATCHES, **options):
    """The area between the curves of bfloat16 and float32, as a share of the area under float32's."""
    exact = curve(folder, "32-true", make_task, batches, **options)
    low = curve(folder, "bf16-mixed", make_task, batches, **options)
    assert len(exact) == STEPS
    assert low.isfinite().all()
    assert not torch.equal(low, exact), "nothing ran in bfloat16"
    return float((low - exact).abs().sum() / exact.sum())


@pytest.mark.parametrize("layer", LAYERS.names())
def test_every_layer_learns_in_bfloat16_what_it_learns_in_float32(layer, tmp_path):
    def task():
        rate = RATES.get(layer, RATE)
        return SequenceClassifier(SPEC, layer, hidden_size=16, embedding_size=8, learning_rate=rate)

    assert departure(tmp_path, task) <= LARGEST


TASKS_AND_DATA = [
    (task.name, data.name) for task in TASKS.entries() for data in DATA.entries() if data.kind in task.accepts
]


@pytest.mark.parametrize(("task", "data"), TASKS_AND_DATA)
def test_every_task_learns_in_bfloat16_what_it_learns_in_float32(task, data, tmp_path):
    made = DATA.entry(data).target.tiny()
    batches = list(made.train_dataloader())
    batches = (batches * STEPS)[:STEPS]
    assert departure(tmp_path, lambda: TASKS.create(task, spec=made.spec, learning_rate=RATE), batches) <= LARGEST


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_every_head_learns_in_bfloat16_what_it_learns_in_float32(pooling, output, tmp_path):
    def task():
        return SequenceClassifier(
            SPEC, "lstm", hidden_size=16, embedding_size=8, learning_rate=RATE, pooling=pooling, output=output,
            bidirectional=True, clip_per_tensor=0.1,
        )  # fmt: skip

    assert departure(tmp_path, task, gradient_clip_val=0.5) <= LARGEST


@pytest.mark.parametrize("characters", ["cnn", "lstm"])
@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_every_tagger_learns_in_bfloat16_what_it_learns_in_float32(output, characters, tmp_path):
    data = DATA.entry("snips").target.tiny()
    batches = (list(data.train_dataloader()) * STEPS)[:STEPS]

    def task():
        options = {"output": output, "constrained": output == "crf", "characters": characters}
        return TASKS.create(
            "sequence_tagging", spec=data.spec, layer="lstm", hidden_size=16, embedding_size=8, bidirectional=True,
            learning_rate=RATE, **options,
        )  # fmt: skip

    assert departure(tmp_path, task, batches) <= LARGEST
