"""A forecast step by step, each told the one before, against as many steps of its layers alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import torch
from _measurement import Box, Comparison, Measurement, Plan, race
from _work import Call

from rnnzoo.modules.forecast_heads import PointHead
from rnnzoo.modules.forecast_model import ForecastModel, Given
from rnnzoo.modules.forecaster_recursive import RecursiveForecaster
from rnnzoo.modules.reversible_norm import Place, ReversibleNorm

if TYPE_CHECKING:
    from _options import Options

SIZE = {"B": 32, "T": 720, "channels": 7, "H": 64, "past": 24}
QUICK = {"B": 2, "T": 8, "channels": 2, "H": 4, "past": 4}
CELLS = ("lstm", "gru", "mingru")
OURS, STEPS = "forecast", "steps of its layers"


def plan(options: Options) -> Plan:
    """A few layers, or those that were asked for."""
    return Plan([_measurement(cell, options) for cell in options.cells or CELLS])


def _measurement(cell: str, options: Options) -> Measurement:
    size = QUICK if options.quick else SIZE
    rows, steps, channels, past = size["B"], size["T"], size["channels"], size["past"]

    def calls(wanted: Collection[str]) -> dict[str, Call]:
        torch.manual_seed(0)
        core = RecursiveForecaster(channels, 0, 0, channels, 1, steps, layer=cell, hidden_size=size["H"])
        model = ForecastModel(core, ReversibleNorm("revin", channels), PointHead(), channels, steps).eval()
        x = torch.randn(rows, steps, channels)
        unit = Place(torch.zeros(rows, 1, channels), torch.ones(rows, 1, channels))
        given = Given(x[:, :past], None, torch.zeros(rows, past + steps, 0), torch.zeros(rows, 0), unit)

        @torch.inference_mode()
        def forecast() -> None:
            model(given)

        @torch.inference_mode()
        def alone() -> None:
            state: Any = None
            for now in x.unbind(1):
                _, state = core.layers.step(now, state)

        made: dict[str, Callable[[], None]] = {OURS: forecast, STEPS: alone}
        return {label: call for label, call in made.items() if label in wanted}

    comparison = Comparison({"of": "forecast", "cell": cell, **size}, OURS, STEPS)
    return race("forecast", [comparison], calls, box=Box(rounds=15, seconds=10.0), cost=5.0, options=options)
