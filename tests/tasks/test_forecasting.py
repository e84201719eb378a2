"""The task of forecasting: what its numbers are, which there are, and that it learns what can be known."""

import math

import numpy as np
import pytest
import torch
from forecast_windows import forecast_spec, windows
from tolerances import close
from training import loader, quiet_trainer

from rnnzoo.registry import TASKS, UnknownName
from rnnzoo.tasks._forecast_scores import crps_of_draws, crps_of_quantiles, naive_errors, quantile_of_draws
from rnnzoo.tasks.forecasting import Forecasting

SPEC = forecast_spec()
SMALL = {"hidden_size": 4, "segment": 4, "samples": 5}
COUNTS = {"head": "negative_binomial"}
WAYS = [
    *({"forecaster": f, "head": h} for f in ("direct", "recursive", "segment", "linear", "dlinear")
      for h in ("point", "quantile", "gaussian", "student_t", "negative_binomial")),
    {"forecaster": "direct", "channels_apart": True},
    {"forecaster": "recursive", "channels_apart": True, "head": "gaussian"},
    {"forecaster": "naive"},
    {"forecaster": "seasonal_naive"},
    {"forecaster": "mean"},
]  # fmt: skip


def names(way):
    return "-".join(map(str, way.values()))


def task(way, spec=SPEC):
    torch.manual_seed(0)
    return Forecasting(spec, **SMALL, **way)


def batch_for(way, spec=SPEC, **options):
    batch = windows(spec, **options)
    if way.get("head") == "negative_binomial":  # counts: whole multiples of 1 / scale
        return batch._replace(inputs=batch.inputs.abs(), targets=batch.targets.abs().mul(4).round() / 2)
    return batch


def measured(model, batch, split="test"):
    model.eval()
    model.measured_split = split
    with torch.no_grad():
        outputs = model.outputs_of(batch)
        return {"loss": model.losses(outputs, batch), **model.measures(outputs, batch)}


@pytest.mark.parametrize("way", WAYS, ids=names)
@pytest.mark.parametrize("sizes", [(1, 1, 0, 0), (3, 2, 2, 1)])
@pytest.mark.parametrize("lengths", [None, [12, 5, 1, 7]])
def test_each_way_learns_with_every_parameter_and_measures_what_it_says(way, sizes, lengths):
    spec = forecast_spec(channels=sizes[0], forecast=sizes[1], known=sizes[2], static=sizes[3])
    model, batch = task(way, spec), batch_for(way, spec, lengths=lengths)
    model.losses(model.outputs_of(batch), batch).sum().backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []
    for split in ("val", "test"):
        found = measured(model, batch, split)
        for metric in model.metrics_in(split):
            values = found[metric.name][0] if isinstance(found[metric.name], tuple) else found[metric.name]
            assert values.shape == batch.weights.shape, metric.name
            assert values.float().isfinite().all(), metric.name


@pytest.mark.parametrize("way", WAYS, ids=names)
def test_a_missing_target_counts_for_nothing(way):
    batch = batch_for(way)
    weights = batch.weights.clone()
    weights[0, 1:4, 0] = weights[2, :, 1] = weights[3, 0] = 0
    strange = batch.targets.masked_fill(weights == 0, math.nan)
    model = task(way)
    for training in (True, False):
        found = []
        for targets in (batch.targets, strange):
            now = batch._replace(targets=targets, weights=weights)
            model.zero_grad()
            if training:
                model.train()
                (model.losses(model.outputs_of(now), now) * weights).sum().backward()
                found.append([parameter.grad.clone() for parameter in model.parameters()])
            else:
                values = measured(model, now)
                pairs = [value if isinstance(value, tuple) else (value, weights) for value in values.values()]
                found.append([(value * weight).sum() for value, weight in pairs])
        assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_the_metrics_are_those_that_the_head_allows():
    def metrics(**settings):
        return {metric.name for metric in Forecasting(SPEC, **settings).metric_specs}

    always = {"loss", "mse", "mae", "real_mae", "mase"}
    assert metrics() == always
    assert metrics(head="quantile", quantiles=[0.2, 0.5]) == always | {"crps"}
    assert metrics(head="quantile") == always | {"crps", "coverage"}
    assert metrics(head="student_t") == always | {"crps", "coverage", "nll"}
    in_turn = Forecasting(SPEC, forecaster="recursive", head="gaussian")
    assert {metric.name for metric in in_turn.metrics_in("val")} == always | {"nll"}


def test_standardised_and_real_errors_of_a_naive_forecast_by_hand():
    spec = forecast_spec(look_back=5, horizon=2, channels=1, forecast=1, known=0, static=0, season=2)
    inputs = torch.tensor([[0.0], [1.0], [3.0], [2.0], [4.0]])[None]
    batch = windows(spec, rows=1, scale=10.0)._replace(inputs=inputs, targets=torch.tensor([[[5.0], [1.0]]]))
    found = measured(Forecasting(spec, forecaster="naive"), batch)
    assert found["mse"].flatten().tolist() == [1.0, 9.0]
    assert found["mae"].flatten().tolist() == [1.0, 3.0]
    assert found["real_mae"].flatten().tolist() == [10.0, 30.0]
    # two steps apart: |3 - 0|, |2 - 1|, |4 - 3|, in real units ten times as much
    assert found["mase"][0].flatten().tolist() == pytest.approx([10 / (50 / 3), 30 / (50 / 3)])
    told = measured(Forecasting({**spec, "naive_errors": [[5.0]]}, forecaster="naive"), batch)
    assert told["mase"][0].flatten().tolist() == pytest.approx([2.0, 6.0])


def test_numbers_without_a_naive_error_have_no_share_in_mase():
    spec = forecast_spec(channels=1, forecast=1, known=0, static=0)
    batch = windows(spec)
    batch.inputs[1] = 3.0
    weights = measured(Forecasting(spec, forecaster="naive"), batch)["mase"][1]
    assert weights.sum(dim=(1, 2)).tolist() == [6, 0, 6, 6]


def test_naive_errors_are_of_a_rows_own_steps():
    past = torch.randn(2, 9, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = naive_errors(past, torch.tensor([9, 3]), 4)
    close(found[0], (past[0, 4:] - past[0, :-4]).abs().mean(dim=0))
    close(found[1], (past[1, 1:3] - past[1, :2]).abs().mean(dim=0))  # no season: the step before


def gaussian_crps(mean, deviation, y):
    """T. Gneiting, A. Raftery 2007, equation 21."""
    normal = torch.distributions.Normal(torch.zeros((), dtype=y.dtype), 1.0)
    z = (y - mean) / deviation
    return deviation * (z * (2 * normal.cdf(z) - 1) + 2 * normal.log_prob(z).exp() - 1 / math.sqrt(math.pi))


def test_the_crps_of_draws_and_of_quantiles_is_that_of_their_gaussian():
    y = torch.linspace(-3, 4, 20, dtype=torch.float64)
    normal = torch.distributions.Normal(torch.tensor(0.5, dtype=torch.float64), 1.3)
    draws = 0.5 + 1.3 * torch.randn(40000, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = gaussian_crps(0.5, 1.3, y)
    torch.testing.assert_close(crps_of_draws(draws.sort(dim=0).values[None], y[None])[0], expected, rtol=0, atol=0.03)
    levels = ((torch.arange(2000, dtype=torch.float64) + 0.5) / 2000).tolist()
    quantiles = normal.icdf(torch.tensor(levels, dtype=torch.float64)).expand(20, -1)
    torch.testing.assert_close(crps_of_quantiles(quantiles, levels, y), expected, rtol=0, atol=1e-3)


def test_the_crps_of_few_draws_has_no_bias():
    draws = torch.randn(40000, 3, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = torch.full((40000, 1), 0.3, dtype=torch.float64)
    found = crps_of_draws(draws.sort(dim=1).values, y)
    assert float(found.mean()) == pytest.approx(float(gaussian_crps(0.0, 1.0, y[0])), abs=4 * float(found.std()) / 200)


def test_quantiles_of_draws_are_numpys():
    draws = torch.randn(2, 11, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64).sort(dim=1).values
    for level in (0.1, 0.5, 0.93):
        close(quantile_of_draws(draws, level), torch.tensor(np.quantile(draws.numpy(), level, axis=1)))


@pytest.mark.parametrize("way", [way for way in WAYS if way.get("head") in ("gaussian", "student_t")], ids=names)
def test_a_windows_draws_are_the_same_in_any_batch(way):
    model, batch = task(way).eval(), batch_for(way)
    with torch.no_grad():
        whole, alone = model.drawn(batch), model.drawn(type(batch)(*(part[2:3] for part in batch)))
    close(alone[0], whole[2])
    assert whole.std(dim=1).min() > 0


def ar_windows(seed, rows=64, look_back=16, horizon=2):
    """y_t = 0.9 y_(t-1) + e_t, e of variance 1, in its stationary state."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randn(rows, 1, generator=generator) / (1 - 0.81) ** 0.5
    steps = [y]
    for _ in range(look_back + horizon - 1):
        steps.append(0.9 * steps[-1] + torch.randn(rows, 1, generator=generator))
    series = torch.stack(steps, dim=1)  # (B, L + M, 1)
    spec = forecast_spec(look_back=look_back, horizon=horizon, channels=1, forecast=1, known=0, static=0, season=1)
    return spec, windows(spec, rows)._replace(inputs=series[:, :look_back], targets=series[:, look_back:])


@pytest.mark.parametrize(
    "way",
    [
        {"forecaster": "direct"},
        {"forecaster": "linear"},
        {"forecaster": "recursive", "head": "gaussian"},
    ],
    ids=names,
)
def test_a_linear_process_is_forecast_to_its_noise(way, tmp_path):
    spec = ar_windows(0)[0]
    torch.manual_seed(0)
    rate = {"optimizer": "adam", "learning_rate": 2e-2, "schedule": "one_cycle"}
    model = Forecasting(spec, **way, hidden_size=8, norm="none", samples=200, **rate)
    trainer = quiet_trainer(tmp_path, max_steps=250, max_epochs=-1)
    trainer.fit(model, loader([ar_windows(seed)[1] for seed in range(1, 251)]))
    test = [ar_windows(10_000 + seed, rows=256)[1] for seed in range(4)]
    trainer.test(model, loader(test), verbose=False)
    floor = (1 + 1 + 0.81) / 2  # the variance of e_1, and of e_2 + 0.9 e_1
    assert 0.9 * floor < model.results["test"]["mse"].value < 1.12 * floor
    if "head" in way:
        assert model.results["test"]["coverage"].value == pytest.approx(0.8, abs=0.04)
        entropy = 0.5 * math.log(2 * math.pi * math.e)  # of a step, told the one before
        assert model.results["test"]["nll"].value == pytest.approx(entropy, rel=0.05)


def test_specs_and_settings_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="lacks horizon"):
        Forecasting({key: value for key, value in SPEC.items() if key != "horizon"})
    with pytest.raises(UnknownName, match="did you mean recursive"):
        Forecasting(SPEC, forecaster="recursiv")
    with pytest.raises(ValueError, match="apart anyway"):
        Forecasting(SPEC, forecaster="segment", channels_apart=True)
    with pytest.raises(ValueError, match="learns nothing"):
        Forecasting(SPEC, forecaster="naive", head="gaussian")
    with pytest.raises(ValueError, match="at least 2"):
        Forecasting(SPEC, samples=1)
    entry = TASKS.entry("forecasting")
    assert entry.accepts == Forecasting.accepts
    assert entry.metrics == Forecasting.metric_specs
