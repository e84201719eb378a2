"""The ways to forecast, by name, each with its normalisation and head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from rnnzoo.modules.forecast_heads import ForecastHead
from rnnzoo.modules.forecast_model import ForecastModel
from rnnzoo.modules.forecaster_direct import DirectForecaster
from rnnzoo.modules.forecaster_linear import DLinearForecaster, LinearForecaster, MeanForecaster, NaiveForecaster
from rnnzoo.modules.forecaster_recursive import RecursiveForecaster
from rnnzoo.modules.forecaster_segment import SegmentForecaster
from rnnzoo.modules.reversible_norm import ReversibleNorm
from rnnzoo.registry import unknown

NORM_OF = {
    "direct": "revin",
    "recursive": "revin",
    "segment": "last",
    "linear": "none",
    "dlinear": "none",
    "naive": "none",
    "seasonal_naive": "none",
    "mean": "none",
}
"""Each forecaster's normalisation, where none is asked for: that of its paper."""

WITH_LAYERS = ("direct", "recursive", "segment")
NAIVE = ("naive", "seasonal_naive", "mean")


def create_forecast_model(
    spec: Mapping[str, Any],
    forecaster: str,
    head: ForecastHead,
    *,
    norm: str | None,
    channels_apart: bool,
    segment: int,
    moving_average: int,
    bidirectional: bool,
    layer_options: dict[str, Any] | None,
    **layers: Any,
) -> ForecastModel:
    """The model of a forecasting task; the arguments are the task's.

    Raises:
        UnknownName: a name is not known.
        ValueError: settings that don't go together.
    """
    if forecaster not in NORM_OF:
        raise unknown("forecaster", forecaster, NORM_OF)
    if channels_apart and forecaster not in ("direct", "recursive"):
        raise ValueError(
            f"channels_apart is True and the forecaster is '{forecaster}', which has its channels apart anyway; leave "
            "it False."
        )
    if forecaster in NAIVE and (head.parameters_each > 1 or norm not in (None, "none")):
        raise ValueError(f"the forecaster '{forecaster}' learns nothing; it goes with head 'point' and norm 'none'.")
    F, P = int(spec["output_size"]), head.parameters_each
    L, M = int(spec["look_back"]), int(spec["horizon"])
    apart = channels_apart or forecaster == "segment"
    C = int(spec["input_size"]) - (F - 1 if apart else 0)  # that a row of the core has
    f = 1 if apart else F
    sizes = (C, int(spec["known"]), int(spec["static"]))
    if bidirectional and forecaster != "direct":
        layer_options = {**(layer_options or {}), "bidirectional": True}  # which is refused
    layers = {**layers, "layer_options": layer_options}
    core: nn.Module
    if forecaster == "direct":
        core = DirectForecaster(*sizes, f * P, M, bidirectional=bidirectional, **layers)
    elif forecaster == "recursive":
        core = RecursiveForecaster(*sizes, f, P, M, **layers)
    elif forecaster == "segment":
        core = SegmentForecaster(*sizes, F, P, L, M, segment=segment, **layers)
    elif forecaster == "linear":
        core = LinearForecaster(F, L, M, P)
    elif forecaster == "dlinear":
        core = DLinearForecaster(F, L, M, P, moving_average)
    elif forecaster == "mean":
        core = MeanForecaster(F, M)
    else:
        core = NaiveForecaster(F, M, int(spec.get("season", 1)) if forecaster == "seasonal_naive" else 1)
    usual = "mean_scale" if head.counts else NORM_OF[forecaster]
    place = ReversibleNorm(usual if norm is None else norm, int(spec["input_size"]))
    return ForecastModel(core, place, head, F, M, apart)
