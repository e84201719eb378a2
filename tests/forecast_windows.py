"""Windows of made-up series for the tests of forecasting: batches without a dataset."""

import torch

from rnnzoo.contracts import ForecastBatch


def forecast_spec(look_back=12, horizon=6, channels=3, forecast=2, known=2, static=1, **changes):
    """What ``windows`` of the same sizes are."""
    spec = {
        "kind": "forecast", "input": "real", "input_size": channels, "output_size": forecast, "look_back": look_back,
        "horizon": horizon, "known": known, "static": static, "channels": [f"c{i}" for i in range(channels)],
        "season": 4, "padding_id": None, "streaming": False, "version": 1,
    }  # fmt: skip
    return {**spec, **changes}


def windows(spec, rows=4, *, seed=0, lengths=None, scale=2.0, dtype=torch.float32):
    """Windows of noise of these sizes; ``scale``: of the units, which are not shifted."""
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape):
        return torch.randn(rows, *shape, generator=generator).to(dtype)

    L, M, F = spec["look_back"], spec["horizon"], spec["output_size"]
    return ForecastBatch(
        inputs=noise(L, spec["input_size"]),
        lengths=torch.full((rows,), L) if lengths is None else torch.tensor(lengths),
        targets=noise(M, F),
        weights=torch.ones(rows, M, F, dtype=dtype),
        starts=torch.ones(rows, dtype=torch.bool),
        known=noise(L + M, spec["known"]),
        static=noise(spec["static"]),
        series=torch.zeros(rows, dtype=torch.int64),
        origins=torch.arange(rows) + L,
        location=torch.zeros(rows, F, dtype=dtype),
        scale=torch.full((rows, F), scale, dtype=dtype),
    )
