"""What a forecast step by step costs beside the steps of its layers alone: ratios of interleaved measurements."""

import statistics
import time

import pytest
import torch

from rnnzoo.bench.interleaved import interleave
from rnnzoo.modules.forecast_heads import PointHead
from rnnzoo.modules.forecast_model import ForecastModel, Given
from rnnzoo.modules.forecaster_recursive import RecursiveForecaster
from rnnzoo.modules.reversible_norm import Place, ReversibleNorm

STEPS, ROWS, CHANNELS = 720, 32, 7


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["lstm", "gru"])
def test_a_forecast_of_720_steps_costs_at_most_half_as_much_again_as_720_steps_of_its_layers(layer):
    torch.manual_seed(0)
    core = RecursiveForecaster(CHANNELS, 0, 0, CHANNELS, 1, STEPS, layer=layer, hidden_size=64)
    model = ForecastModel(core, ReversibleNorm("revin", CHANNELS), PointHead(), CHANNELS, STEPS).eval()
    x = torch.randn(ROWS, STEPS, CHANNELS)
    unit = Place(torch.zeros(ROWS, 1, CHANNELS), torch.ones(ROWS, 1, CHANNELS))
    given = Given(x[:, :24], None, torch.zeros(ROWS, 24 + STEPS, 0), torch.zeros(ROWS, 0), unit)

    def steps():
        state = None
        for now in x.unbind(1):
            _, state = core.layers.step(now, state)

    with torch.inference_mode():
        found = interleave(
            {"forecast": lambda: model(given), "steps": steps}, rounds=5, drop=1, least=5, now=time.process_time
        )
    ratios = [a / b for a, b in zip(found["forecast"], found["steps"], strict=True)]
    assert statistics.median(ratios) <= 1.5, ratios
