"""Sound at another rate: band-limited interpolation by a windowed sinc, of a whole or chunk by chunk.

J. O. Smith, "Digital Audio Resampling", CCRMA; the window is Kaiser's. What lies below 0.84 of half the lower rate
passes, what lies above half of it is damped by 80 dB.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

CROSSINGS = 32
"""Zero crossings of the sinc on each side."""

CUTOFF = 0.92
"""Of half the lower rate."""

BETA = 7.857
"""Of Kaiser's window: 0.1102 (A - 8.7) for A = 80 dB."""

BLOCK = 4096
"""Samples that are made at a time."""


def resample(samples: Tensor, rate: int, wanted: int) -> Tensor:
    """Samples (N,) at ``rate`` as (ceil(N wanted / rate),) at ``wanted``; beyond both ends there is silence."""
    return samples if rate == wanted else Resampler(rate, wanted).push(samples, last=True)


class Resampler:
    """Takes chunks and gives what can be told of the sound so far: together what ``resample`` gives of the whole.

    Args:
        rate, wanted: samples a second of what comes in, and of what goes out.
    """

    def __init__(self, rate: int, wanted: int) -> None:
        common = math.gcd(rate, wanted)
        self.up, self.down = wanted // common, rate // common
        self.band = CUTOFF * min(1.0, wanted / rate)  # of half the rate that comes in
        self.reach = math.ceil(CROSSINGS / self.band)  # samples on each side
        self.held = torch.zeros(self.reach)  # before the first there is silence
        self.begin = -self.reach  # the place of the first sample that is held
        self.made = 0

    def push(self, samples: Tensor, last: bool = False) -> Tensor:
        """What can be made once ``samples`` (N,) have come; with ``last``, all the rest."""
        self.held = torch.cat([self.held, samples])
        end = self.begin + len(self.held)  # so many came
        if last:
            until = -(-end * self.up // self.down)
            self.held = torch.cat([self.held, torch.zeros(self.reach + 1)])
        else:
            until = max(self.made, -(-(end - self.reach) * self.up // self.down))
        parts = [self._make(first, min(first + BLOCK, until)) for first in range(self.made, until, BLOCK)]
        self.made = until
        drop = max(0, until * self.down // self.up - self.reach + 1 - self.begin)
        self.held, self.begin = self.held[drop:], self.begin + drop
        return torch.cat(parts) if parts else samples.new_zeros(0)

    def _make(self, first: int, end: int) -> Tensor:
        """The samples ``first`` to ``end - 1`` that go out: each at the time k * down / up of what comes in."""
        times = torch.arange(first, end) * self.down
        base, phase = times // self.up, times % self.up  # (K,)
        phases, which = phase.unique(return_inverse=True)
        taps = torch.arange(1 - self.reach, self.reach + 1)
        weights = self._weights(taps - phases[:, None].double() / self.up).float()  # (P, W)
        places = base[:, None] + taps - self.begin  # (K, W)
        return (self.held[places] * weights[which]).sum(dim=1)

    def _weights(self, distance: Tensor) -> Tensor:
        """The kernel at distances (P, W) in samples; each row adds up to 1, so that what is constant stays so."""
        inside = (1 - (distance / self.reach) ** 2).clamp(min=0)
        weights = torch.special.sinc(self.band * distance) * torch.special.i0(BETA * inside.sqrt())
        return weights / weights.sum(dim=1, keepdim=True)
