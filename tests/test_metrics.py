"""A metric is a sum of numerators over a sum of weights, however the elements are dealt out."""

import pytest
import torch

from rnnzoo.metrics import WeightedMean


def test_is_the_weighted_mean_in_any_batching():
    values, weights = torch.rand(20, dtype=torch.float64), torch.randint(0, 3, (20,)).double()
    expected = float((values * weights).sum() / weights.sum())
    for size in (1, 7, 20):
        mean = WeightedMean()
        for v, w in zip(values.split(size), weights.split(size), strict=True):
            mean.update((v * w).sum(), w.sum())
        assert float(mean.compute()) == pytest.approx(expected, abs=1e-14)
        assert mean.n == int(weights.sum())


def test_begins_afresh_after_reset():
    mean = WeightedMean()
    mean.update(torch.tensor(8.0), torch.tensor(2.0))
    mean.reset()
    mean.update(torch.tensor(3.0), torch.tensor(2.0))
    assert float(mean.compute()) == 1.5


def test_counts_past_what_float32_can():
    mean = WeightedMean()
    mean.update(torch.tensor(2.0**24), torch.tensor(2.0**24))
    mean.update(torch.tensor(0.0), torch.tensor(1.0))
    mean.compute()
    assert mean.n == 2**24 + 1


def test_keeps_no_graph():
    mean = WeightedMean()
    mean.update(torch.ones((), requires_grad=True) * 2, torch.tensor(1.0))
    assert not mean.total.requires_grad


def test_a_mean_over_nothing_is_an_error():
    mean = WeightedMean()
    mean.update(torch.tensor(0.0), torch.tensor(0.0))
    with pytest.raises(ValueError, match="over no element"):
        mean.compute()
