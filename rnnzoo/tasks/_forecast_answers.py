"""What a forecast looks like to people: a frame with the dates, a column a channel and one a quantile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from rnnzoo.contracts import ForecastBatch

if TYPE_CHECKING:
    import pandas as pd


class Forecast(NamedTuple):
    """The M steps that follow one series, in real units."""

    frame: pd.DataFrame  # M rows; columns "OT", and of its quantiles "OT 0.1", "OT 0.2", ...

    def line(self, raw: object) -> str:
        """The frame for people."""
        return self.frame.to_string()


def channels_of(spec: Mapping[str, Any]) -> list[str]:
    """The names of the F channels that are forecast."""
    F = int(spec["output_size"])
    return [str(name) for name in spec.get("channels") or range(F)][:F]


def columns_of(spec: Mapping[str, Any], levels: Sequence[float]) -> list[str]:
    """The columns of a forecast: each channel, then its quantiles."""
    return [name for channel in channels_of(spec) for name in (channel, *(f"{channel} {level:g}" for level in levels))]


def forecasts(
    spec: Mapping[str, Any],
    batch: ForecastBatch,
    points: Tensor,
    levels: Sequence[float],
    quantiles: Sequence[Tensor],
    raw: list[Any] | None,
    codec: Any,
) -> list[Forecast]:
    """A forecast for each row.

    Args:
        points: (B, M, F) in real units, as are the ``quantiles`` of each of the ``levels``.
        raw, codec: what was encoded, and by what, which knows the times; ``None``: steps are numbered from the origin.
    """
    import pandas as pd

    values = torch.stack([points, *quantiles], dim=-1).flatten(2).float().cpu().numpy()  # (B, M, F * (1 + Q))
    columns = columns_of(spec, levels)
    if raw is not None and hasattr(codec, "frames"):
        return [Forecast(frame) for frame in codec.frames(raw, values, columns)]
    M = values.shape[1]
    return [
        Forecast(pd.DataFrame(rows, index=pd.RangeIndex(origin, origin + M, name="step"), columns=columns))
        for rows, origin in zip(values, batch.origins.tolist(), strict=True)
    ]
