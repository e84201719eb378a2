"""Training ends when patience does, in the direction that the metric has."""

import pytest
from training import loader, make_batch, quiet_trainer, spec

from rnnzoo.callbacks import EarlyStop
from rnnzoo.tasks.sequence_classification import SequenceClassifier


def epochs_run(folder, metric, learning_rate, **options):
    batch = make_batch(8)
    task = SequenceClassifier(spec(), "none", optimizer="sgd", learning_rate=learning_rate)
    trainer = quiet_trainer(folder, max_epochs=12, callbacks=[EarlyStop(metric, **options)])
    trainer.fit(task, loader([batch]), loader([batch]))
    return trainer.current_epoch


def test_what_never_gets_better_ends_after_its_patience(tmp_path):
    assert epochs_run(tmp_path, "loss", 0.0, patience=3) == 4
    assert epochs_run(tmp_path, "accuracy", 0.0, patience=2) == 3


def test_a_falling_loss_is_let_run(tmp_path):
    assert epochs_run(tmp_path, "loss", 0.1, patience=1) == 12


def test_too_small_a_gain_counts_as_none(tmp_path):
    assert epochs_run(tmp_path, "loss", 0.1, patience=2, min_delta=10.0) == 3


def test_impossible_patience_is_refused():
    with pytest.raises(ValueError, match="patience is 0"):
        EarlyStop(patience=0)
