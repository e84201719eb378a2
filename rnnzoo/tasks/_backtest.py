"""Rolling forecasts: from many origins along a series, each from what was known there, beside what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from rnnzoo.tasks._forecast_answers import channels_of
from rnnzoo.tasks._raw import create_codec, evaluating
from rnnzoo.tasks._spec import check_same

if TYPE_CHECKING:
    import pandas as pd

    from rnnzoo.tasks.forecasting import Forecasting


@torch.inference_mode()
def backtest_split(task: Forecasting, data: Any, origins: Any, stride: int, batch_size: int) -> pd.DataFrame:
    """Of the test windows of a datamodule: every ``stride``-th, or those that begin at these ``origins``.

    Raises:
        ValueError: the data are not those that the model was built for, or there is no such window.
    """
    import pandas as pd

    check_same(data.spec, task.spec)
    rows = data.splits["test"]
    numbers = list(range(0, len(rows), stride))
    if origins is not None:
        wanted = {int(origin) for origin in origins}
        found = {int(rows[[number]].origins): number for number in range(len(rows))}
        absent = sorted(wanted - set(found))
        if absent:
            raise ValueError(
                f"origins has {absent[:5]}, where no test window begins; expected some of {min(found)} to {max(found)}."
            )
        numbers = [found[origin] for origin in sorted(wanted)]
    parts = []
    with evaluating(task):
        for start in range(0, len(numbers), batch_size):
            batch = rows[numbers[start : start + batch_size]]
            here = task.transfer_batch_to_device(batch, task.device, 0)
            answers = task.answers(task.outputs_of(here), here)
            actual = batch.location[:, None] + batch.scale[:, None] * batch.targets
            actual = actual.masked_fill(batch.weights == 0, float("nan")).numpy()
            of = zip(batch.series.tolist(), batch.origins.tolist(), answers, actual, strict=True)
            parts += [_long(task, frame.frame, true, series, origin) for series, origin, frame, true in of]
    return pd.concat(parts, ignore_index=True)


def backtest_frame(task: Forecasting, frame: Any, origins: Any, stride: int, batch_size: int) -> pd.DataFrame:
    """Of a frame: a forecast of the M rows from each of the ``origins`` on, told the rows before it alone.

    ``origins`` are row numbers; ``None``: every ``stride``-th from the look-back on that M rows follow.

    Raises:
        ValueError: the frame is too short, or an origin has not enough rows before or behind it.
    """
    import pandas as pd

    L, M, T = int(task.spec["look_back"]), int(task.spec["horizon"]), len(frame)
    if T < L + M:
        raise ValueError(f"the frame has {T} rows; expected at least {L + M}: look-back {L} and horizon {M}.")
    chosen = list(range(L, T - M + 1, stride)) if origins is None else [int(origin) for origin in origins]
    wrong = [origin for origin in chosen if not L <= origin <= T - M]
    if wrong or not chosen:
        raise ValueError(f"origins has {wrong[:5] or 'nothing'}; expected row numbers from {L} to {T - M}.")
    known = list(getattr(create_codec(task.codec), "known", ()))
    channels = channels_of(task.spec)
    items: list[Any] = [frame.iloc[:origin] for origin in chosen]
    if known:
        ahead = [frame[known].iloc[origin : origin + M] for origin in chosen]
        items = [{"values": past, "future": future} for past, future in zip(items, ahead, strict=True)]
    answers = task.predict(items, batch_size)
    parts = []
    for origin, answer in zip(chosen, answers, strict=True):
        true = frame[channels].iloc[origin : origin + M].to_numpy(dtype=float)
        parts.append(_long(task, answer.frame, true, 0, origin))
    return pd.concat(parts, ignore_index=True)


def _long(task: Forecasting, found: pd.DataFrame, actual: np.ndarray, series: int, origin: int) -> pd.DataFrame:
    """A row a step and channel: what was forecast, its quantiles, and what came."""
    import pandas as pd

    M = len(found)
    parts = []
    for place, channel in enumerate(channels_of(task.spec)):
        quantiles: Sequence[str] = [column for column in found.columns if column.startswith(f"{channel} ")]
        head = {"series": series, "origin": origin, "step": range(1, M + 1), "time": found.index, "channel": channel}
        values = {"actual": actual[:, place], "forecast": found[channel].to_numpy()}
        bands = {column[len(channel) + 1 :]: found[column].to_numpy() for column in quantiles}
        parts.append(pd.DataFrame({**head, **values, **bands}))
    return pd.concat(parts, ignore_index=True)
