"""A metric is a sum of numerators over a sum of weights, however the elements are dealt out."""

import pytest
import torch
from sklearn.metrics import f1_score

from rnnzoo.metrics import MacroF1, WeightedMean


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


@pytest.mark.parametrize("size", [1, 7, 40])
def test_the_macro_f1_is_scikit_learns_in_any_batching(size):
    targets, answers = torch.randint(0, 4, (40,)), torch.randint(1, 5, (40,))  # 5 of 7 classes; 0 never answered
    meter = MacroF1(7)
    for part in zip(answers.split(size), targets.split(size), strict=True):
        meter.update(*part, torch.ones(len(part[0])))
    assert float(meter.compute()) == pytest.approx(f1_score(targets, answers, average="macro"), abs=1e-14)
    assert meter.n == 40


def test_what_has_no_weight_is_no_row_of_the_macro_f1():
    targets, answers, weights = torch.randint(0, 3, (3, 20)).unbind()
    weights = (weights > 0).float()
    meter = MacroF1(3)
    meter.update(answers[None], targets[None], weights[None])
    real = weights > 0
    expected = f1_score(targets[real], answers[real], average="macro")
    assert float(meter.compute()) == pytest.approx(expected, abs=1e-14)
    assert meter.n == int(real.sum())


def test_a_macro_f1_over_nothing_is_an_error():
    meter = MacroF1(2)
    meter.update(torch.tensor([1]), torch.tensor([0]), torch.tensor([0.0]))
    with pytest.raises(ValueError, match="over no row"):
        meter.compute()
