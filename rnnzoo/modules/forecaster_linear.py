"""Forecasts without recurrence: the mean, the last value, that of a season ago, and maps of the past that are linear.

DLinear: A. Zeng, M. Chen, L. Zhang, Q. Xu, "Are Transformers Effective for Time Series Forecasting?", AAAI 2023,
arXiv 2205.13504. Each forecasts every channel from that channel's past alone and knows of nothing else; a past that is
short is lengthened in front by its first value.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnzoo.modules.past import ends_aligned, last_step


class NaiveForecaster(nn.Module):
    """What was last, for all M steps; with a ``season`` m, what was m steps before, again and again.

    It learns nothing: its one parameter counts for nothing and is there for optimisers, which must have one.

    Args:
        channels: F, to be forecast.
        season: 1: the last value.
    """

    def __init__(self, channels: int, horizon: int, season: int = 1) -> None:
        super().__init__()
        self.channels, self.horizon, self.season = channels, horizon, season
        self.nothing = nn.Parameter(torch.zeros(1))

    def forward(self, past: Tensor, lengths: Tensor | None, known: Tensor, static: Tensor) -> Tensor:
        """(B, M, F) of past (B, L, C); a row shorter than the season has its last value.

        Raises:
            ValueError: the past is shorter than the season.
        """
        past = past[..., : self.channels]
        m = self.season
        if past.shape[1] < m:
            raise ValueError(
                f"the past is {past.shape[1]} steps and a season {m}: what was a season ago isn't known; give a "
                f"look_back of at least {m}."
            )
        last = last_step(past, lengths)[:, None]  # (B, 1, F)
        again = ends_aligned(past, lengths)[:, -m:]  # (B, m, F)
        if lengths is not None:
            whole = (lengths >= m).to(past.device)[:, None, None]
            again = torch.where(whole, again, last)
        times = -(-self.horizon // m)
        return again.repeat(1, times, 1)[:, : self.horizon] + 0.0 * self.nothing


class MeanForecaster(nn.Module):
    """0 for all M steps: of numbers that were standardised by their training part, the mean of that.

    Its one parameter is as that of ``NaiveForecaster``.
    """

    def __init__(self, channels: int, horizon: int) -> None:
        super().__init__()
        self.channels, self.horizon = channels, horizon
        self.nothing = nn.Parameter(torch.zeros(1))

    def forward(self, past: Tensor, lengths: Tensor | None, known: Tensor, static: Tensor) -> Tensor:
        """(B, M, F) of zeros."""
        return past.new_zeros(past.shape[0], self.horizon, self.channels) + 0.0 * self.nothing


class LinearForecaster(nn.Module):
    """y = W x + b over the steps of a channel's past, the same for all channels."""

    def __init__(self, channels: int, look_back: int, horizon: int, parameters_each: int = 1) -> None:
        super().__init__()
        self.channels, self.horizon, self.parameters_each = channels, horizon, parameters_each
        self.map = nn.Linear(look_back, horizon * parameters_each)

    def forward(self, past: Tensor, lengths: Tensor | None, known: Tensor, static: Tensor) -> Tensor:
        """(B, M, F * P) of past (B, L, C)."""
        x = ends_aligned(past[..., : self.channels], lengths).transpose(1, 2)  # (B, F, L)
        return self._steps_first(self.mapped(x))

    def mapped(self, x: Tensor) -> Tensor:
        """(B, F, M * P) of (B, F, L)."""
        return self.map(x)

    def _steps_first(self, y: Tensor) -> Tensor:
        B = y.shape[0]
        y = y.view(B, self.channels, self.horizon, self.parameters_each)
        return y.transpose(1, 2).reshape(B, self.horizon, -1)


class DLinearForecaster(LinearForecaster):
    """A linear map of the trend, a moving average, and another of what is left of the past without it.

    Args:
        kernel: steps of the moving average, odd; at the ends the first and the last value are repeated.

    Raises:
        ValueError: the kernel is even or below 1.
    """

    def __init__(self, channels: int, look_back: int, horizon: int, parameters_each: int = 1, kernel: int = 25) -> None:
        super().__init__(channels, look_back, horizon, parameters_each)
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"moving_average is {kernel}; expected an odd number of steps.")
        self.kernel = kernel
        self.trend_map = nn.Linear(look_back, horizon * parameters_each)

    def mapped(self, x: Tensor) -> Tensor:
        """(B, F, M * P) of (B, F, L)."""
        side = (self.kernel - 1) // 2
        trend = F.avg_pool1d(F.pad(x, (side, side), mode="replicate"), self.kernel, stride=1)  # (B, F, L)
        return self.map(x - trend) + self.trend_map(trend)
