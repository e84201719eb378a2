"""What a forecaster shows of a batch: the forecast of its first window, channel by channel, with its bands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from rnnzoo.contracts import ForecastBatch
from rnnzoo.tasks._forecast_answers import channels_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnzoo.tasks.forecasting import Forecasting

PANELS = 4
"""How many channels are shown."""

PAST = 3
"""How many horizons of the past are shown at most."""


@torch.no_grad()
def forecast_pictures(task: Forecasting, batch: ForecastBatch) -> dict[str, Figure]:
    """The picture "forecast", in real units; none where the batch has no row that counts."""
    from rnnzoo.figures import Forecasted, forecast

    real = (batch.weights.flatten(1).amax(dim=1) > 0).nonzero().flatten().tolist()
    if not real:
        return {}
    one = ForecastBatch(*(part[real[0] : real[0] + 1] for part in batch))
    found = task.answers(task.outputs_of(one), one)[0].frame
    L, M, origin = int(one.lengths[0]), one.targets.shape[1], int(one.origins[0])
    shown = min(L, PAST * M if M > 1 else L)
    location, scale = one.location[0], one.scale[0]  # (F,)
    past = (location + scale * one.inputs[0, L - shown : L, : len(scale)]).cpu()  # (shown, F)
    actual = (location + scale * one.targets[0]).masked_fill(one.weights[0] == 0, math.nan).cpu()  # (M, F)
    panels = []
    for place, name in enumerate(channels_of(task.spec)[:PANELS]):
        levels = [column for column in found.columns if column.startswith(f"{name} ")]
        pairs = list(zip(levels[: len(levels) // 2], reversed(levels[(len(levels) + 1) // 2 :]), strict=True))
        shown_pairs = [pairs[0], *([pairs[len(pairs) // 2]] if len(pairs) > 1 else [])] if pairs else []
        panels.append(
            Forecasted(
                title=name,
                past_x=list(range(origin - shown, origin)),
                past=past[:, place].tolist(),
                x=list(range(origin, origin + M)),
                forecast=found[name].tolist(),
                bands=[(_share(low, high), found[low].tolist(), found[high].tolist()) for low, high in shown_pairs],
                actual=actual[:, place].tolist(),
            )
        )
    return {"forecast": forecast(panels)}


def _share(low: str, high: str) -> str:
    """How much lies between two columns of quantiles, in words."""
    return f"{float(high.rsplit(' ', 1)[1]) - float(low.rsplit(' ', 1)[1]):.0%}"
