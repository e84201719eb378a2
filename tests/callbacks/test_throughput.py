"""Every row and step is counted once, the clock runs in training steps alone, memory is a real amount."""

import time

import pytest
import torch
from lightning.pytorch import Callback
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import Throughput
from rnnzoo.callbacks.throughput import peak_memory
from rnnzoo.tasks.sequence_classification import SequenceClassifier


class Clock(Callback):
    """A clock that only its own hooks move: 1 in a training step, 100 in a validation, 10000 after it."""

    now = 0.0

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.now += 1

    def on_validation_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.now += 100

    def on_validation_end(self, trainer, pl_module):
        self.now += 10000


def run(folder, speed, *more, **options):
    batches = [make_batch(4), make_batch(3)]
    trainer = quiet_trainer(folder, callbacks=[speed, *more], **{"max_epochs": 2, **options})
    trainer.fit(SequenceClassifier(spec(), "none"), loader(batches), loader(batches[:1]))
    return trainer


def test_rows_and_steps_are_counted_once(tmp_path):
    speed = Throughput()
    trainer = run(tmp_path, speed)
    assert (speed.samples, speed.steps, speed.epochs) == (14, 4, 2.0)
    assert speed.samples_per_second == pytest.approx(14 / speed.seconds)
    assert trainer.callback_metrics["memory/peak_bytes"] == pytest.approx(speed.peak_memory_bytes)
    assert trainer.callback_metrics["throughput/samples_per_second"] > 0


def test_accumulated_batches_are_one_step(tmp_path):
    speed = Throughput()
    run(tmp_path, speed, accumulate_grad_batches=2)
    assert (speed.samples, speed.steps, speed.epochs) == (14, 2, 2.0)


def test_a_training_that_ends_in_mid_epoch_made_part_of_a_pass(tmp_path):
    speed = Throughput()
    run(tmp_path, speed, max_epochs=-1, max_steps=3)
    assert (speed.steps, speed.epochs) == (3, 1.5)


def test_the_clock_runs_in_training_steps_and_not_in_validation(tmp_path, monkeypatch):
    speed, clock = Throughput(), Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    run(tmp_path, speed, clock, val_check_interval=1)
    assert (clock.now, speed.seconds) == (4 * 10101, 4)


def test_the_further_state_wins():
    speed = Throughput()
    ahead = {"samples": 9, "steps": 3, "epochs": 1.5, "seconds": 2.0, "epoch": [6, 1.0], "peak_memory_bytes": 5}
    speed.load_state_dict(ahead)
    speed.load_state_dict({"samples": 4, "steps": 1, "seconds": 1.0, "peak_memory_bytes": 7})
    assert speed.state_dict() == ahead


def test_memory_is_at_least_what_is_held():
    held = torch.ones(2_000_000)
    assert peak_memory(torch.device("cpu")) > held.numel() * 4
