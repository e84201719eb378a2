"""Windows over series that are in memory once: what was before a moment, and the steps that follow it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rnnzoo.contracts import ForecastBatch
from rnnzoo.data._batches import Rows
from rnnzoo.data._calendar import calendar_features


class Panel(NamedTuple):
    """Standardised series, one behind the other, N steps in all; every split looks at the same one."""

    values: Tensor  # (N, C) float32, the F channels to be forecast first
    seen: Tensor  # (N, A) bool, False where the value of a masked channel was missing
    masked: list[int]  # the A channels that have missing values
    known: Tensor  # (N, K) float32, columns known in advance
    minutes: Tensor  # (N,) int32 since the beginning of 1970; (0,) without a calendar
    begins: Tensor  # (S,) where each series begins
    location: Tensor  # (S, F) float32
    scale: Tensor  # (S, F) float32
    static: Tensor  # (S, P) float32


class ForecastRows(Rows):
    """R windows; ``rows[list of row numbers]`` is a whole ``ForecastBatch``, gathered from views of the series.

    Only the batch is new memory: neither the windows nor their places are written down.

    Args:
        panel: the series.
        origins: (S,) the first step to be forecast of each series' first window, counted within the series.
        counts: (S,) windows of each series.
        stride: steps from one window to the next.
        look_back, horizon: L and M.
        calendar: features of ``_calendar`` that stand behind the known columns.
    """

    def __init__(
        self,
        panel: Panel,
        origins: Sequence[int],
        counts: Sequence[int],
        *,
        stride: int,
        look_back: int,
        horizon: int,
        calendar: Sequence[str] = (),
    ) -> None:
        self.panel = panel
        self.first = torch.tensor(origins)  # (S,)
        self.ends = torch.tensor(counts).cumsum(0)  # (S,)
        self.stride = stride
        self.look_back = look_back
        self.horizon = horizon
        self.calendar = list(calendar)
        self.lengths = torch.full((1,), look_back).expand(int(self.ends[-1]))

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, rows: Sequence[int]) -> ForecastBatch:
        """The rows as one batch; ``FILLER`` rows are zeros with weight 0 and scale 1."""
        panel, L, M = self.panel, self.look_back, self.horizon
        index = torch.as_tensor(rows, dtype=torch.int64)  # (B,)
        filler = index < 0  # (B,)
        index = index.clamp(min=0)
        series = torch.searchsorted(self.ends, index, right=True)  # (B,)
        before = torch.cat([self.ends.new_zeros(1), self.ends])[series]
        origins = self.first[series] + self.stride * (index - before)  # (B,)
        starts = panel.begins[series] + origins - L  # (B,) in the panel
        F = panel.location.shape[1]
        inputs = windows(panel.values, L)[starts]  # (B, L, C)
        targets = windows(panel.values, M, F)[starts + L]  # (B, M, F)
        weights = torch.ones_like(targets)
        if panel.masked:
            seen = windows(panel.seen, L + M)[starts]  # (B, L + M, A)
            inputs = torch.cat([inputs, seen[:, :L].float()], dim=-1)
            for place, channel in enumerate(panel.masked):
                if channel < F:
                    weights[..., channel] = seen[:, L:, place].float()
        known = windows(panel.known, L + M)[starts]  # (B, L + M, K)
        if self.calendar:
            minutes = windows(panel.minutes[:, None], L + M)[starts].squeeze(-1)  # (B, L + M)
            known = torch.cat([known, calendar_features(minutes.numpy(), self.calendar)], dim=-1)
        location, scale, static = panel.location[series], panel.scale[series], panel.static[series]
        if filler.any():
            for each in (inputs, targets, weights, known, location, static):
                each[filler] = 0
            scale[filler] = 1
        return ForecastBatch(
            inputs=inputs,
            lengths=torch.full_like(index, L),
            targets=targets,
            weights=weights,
            starts=torch.ones_like(filler),
            known=known,
            static=static,
            series=series,
            origins=origins,
            location=location,
            scale=scale,
        )


def windows(values: Tensor, steps: int, channels: int | None = None) -> Tensor:
    """Every window of ``steps`` rows of contiguous values (N, C), as a view (N - steps + 1, steps, C).

    Args:
        channels: the first so many of the C.
    """
    N, C = values.shape
    shape = (N - steps + 1, steps, C if channels is None else channels)
    return values.as_strided(shape, (C, C, 1), values.storage_offset())


def in_minutes(times: np.ndarray) -> np.ndarray:
    """Times (T,) as whole minutes since the beginning of 1970, int32."""
    return times.astype("datetime64[m]").astype(np.int64).astype(np.int32)
