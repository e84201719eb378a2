"""However a training is spread, what a table says in steps of the optimiser stays that number of steps."""

import pytest

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.runs import expand
from rnnzoo.bench.scale import Scale
from rnnzoo.bench.training import train
from rnnzoo.registry import UnknownName


def arguments(accumulate, settings, steps=7):
    return Scale(accumulate=accumulate).trainer_arguments(settings, lambda: steps)


def test_one_part_leaves_a_tables_own_settings_as_they_are():
    settings = {"max_epochs": 3, "val_check_interval": 0.5, "limit_train_batches": 4}
    found = arguments(1, settings)
    assert {key: found[key] for key in settings} == settings


@pytest.mark.parametrize(
    ("settings", "batches"),
    [
        ({"val_check_interval": 100}, {"val_check_interval": 400}),
        ({"val_check_interval": 0.5}, {"val_check_interval": 3 * 4}),  # half of 7 steps: 3
        ({"val_check_interval": 0.01}, {"val_check_interval": 4}),
        ({"limit_train_batches": 5}, {"limit_train_batches": 20}),
        ({"limit_train_batches": 0.5, "val_check_interval": 0.7}, {"limit_train_batches": 12, "val_check_interval": 8}),
        ({"limit_train_batches": 5, "val_check_interval": 0.5}, {"limit_train_batches": 20, "val_check_interval": 8}),
        ({"max_steps": 9, "log_every_n_steps": 2}, {"max_steps": 9, "log_every_n_steps": 2}),
    ],
    ids=str,
)
def test_parts_of_a_batch_are_counted_in_steps(settings, batches):
    found = arguments(4, settings)
    assert {key: found[key] for key in batches} == batches
    assert found["accumulate_grad_batches"] == 4


@pytest.mark.parametrize("name", ["devices", "nodes", "accumulate"])
def test_a_number_below_one_is_refused(name):
    with pytest.raises(TableError, match=f"--{name} is a number of .*, at least 1, not 0"):
        Scale(**{name: 0})


def test_an_unknown_strategy_has_near_misses():
    with pytest.raises(UnknownName, match="unknown strategy 'dpp'; did you mean ddp"):
        Scale(strategy="dpp")


def test_a_sharded_training_is_measured_with_the_best_checkpoint_in_a_whole_model(small, tmp_path, monkeypatch):
    (run,) = expand(small, layers=["srn"], seeds=1)
    alone = train(run, tmp_path / "alone")
    given = Scale.trainer_arguments
    monkeypatch.setattr(Scale, "trainer_arguments", lambda *arguments: {**given(*arguments), "strategy": "auto"})
    sharded = train(run, tmp_path / "sharded", Scale(strategy="fsdp"))  # by a strategy that a CPU has
    for one, two in zip(alone, sharded, strict=True):
        for key in ("split", "metric", "value", "n", "parameters", "steps", "precision"):
            assert getattr(two, key) == getattr(one, key), key
