"""Means and spreads over seeds, and which rows they are taken over."""

import math
import statistics

import pytest

from rnnzoo.bench.summary import spoken_time, summarise, superseded


def test_mean_and_sample_deviation_over_seeds(small, row):
    values = [0.2, 0.5, 0.9]
    (line,) = summarise(small, [row(seed=seed, value=value) for seed, value in enumerate(values)])
    measured = line.values[("test", "accuracy")]
    assert measured.mean == pytest.approx(sum(values) / 3)
    assert measured.spread == pytest.approx(math.sqrt(statistics.variance(values)))
    assert (measured.n, line.seeds) == (3, (0, 1, 2))


def test_one_seed_has_no_spread(small, row):
    (line,) = summarise(small, [row()])
    assert line.values[("test", "accuracy")].spread is None


def test_runs_of_different_settings_are_never_averaged(small, row):
    old = row(value=0.1, finished_at="2026-01-01T00:00:00+00:00", spec="old")
    new = row(value=0.9, finished_at="2026-01-02T00:00:00+00:00", spec="new")
    for rows in ([old, new], [new, old]):
        (line,) = summarise(small, rows)
        assert line.values[("test", "accuracy")].mean == 0.9
        assert superseded(small, rows) == 1


def test_lines_come_by_variant_and_then_in_the_order_of_the_table(small_with, row):
    table = small_with(data={"name": "digit_sum"}, variants={"length": [10, 5]}, references=[])
    rows = [
        row(label=label, variant={"length": length}, spec=f"{label}{length}")
        for label in ("another", "gru", "srn")
        for length in (5, 10)
    ]
    lines = summarise(table, rows)
    assert [(line.variant["length"], line.label) for line in lines] == [
        (10, "srn"), (10, "gru"), (10, "another"), (5, "srn"), (5, "gru"), (5, "another"),
    ]  # fmt: skip


def test_a_reference_stands_beside_its_own_entry_and_variant_only(small_with, row):
    table = small_with(
        variants={"length": [5, 6]},
        data={"name": "digit_sum"},
        references=[{"label": "srn", "value": 0.5, "source": "s", "variant": {"length": 5}}],
    )
    lines = summarise(table, [row(variant={"length": n}, label=name) for n in (5, 6) for name in ("srn", "gru")])
    assert [bool(line.references) for line in lines] == [True, False, False, False]


def test_seconds_an_epoch_are_the_training_rows_over_the_speed(small, row):
    (line,) = summarise(small, [row(split="train", n=300, samples_per_second=60.0)])
    assert line.seconds_per_epoch == pytest.approx(5.0)


def test_seconds_an_epoch_do_not_depend_on_what_the_metric_counts(small, row):
    rows = [row(split="train", n=n, seconds=30.0, epochs=2.5, samples_per_second=60.0, seed=n) for n in (300, 90_000)]
    (line,) = summarise(small, rows)
    assert line.seconds_per_epoch == pytest.approx(12.0)


@pytest.mark.parametrize(("seconds", "words"), [(42, "42 s"), (600, "10 min"), (12000, "3 h 20 min")])
def test_time_is_spoken_as_people_say_it(seconds, words):
    assert spoken_time(seconds) == words
