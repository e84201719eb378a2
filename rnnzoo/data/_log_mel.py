"""Log-mel features: how strong the sound is in bands that are spaced as the ear tells pitches apart, frame by frame.

Frames of a Hann window, the power of their Fourier transform, triangles over it whose corners lie equally far apart on
the mel scale m = 2595 log10(1 + f / 700) (S. S. Stevens and others; this formula is HTK's), and the natural logarithm.
S. B. Davis, P. Mermelstein, IEEE ASSP 28(4), 1980.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

LOWEST = 20.0
"""Hz, where the first triangle begins; the last one ends at half the rate."""


class LogMel:
    """Samples (N,) as features (F, n_mels).

    Frame i begins at sample i * hop; there are as many as are needed to reach the last sample, and silence follows it.

    Args:
        rate: samples a second.
        n_mels: bands.
        window, hop: seconds of a frame, and from one to the next.
        floor: what is added to a band's power at least: its logarithm goes no lower.

    Raises:
        ValueError: a number out of range, or more bands than the window tells apart.
    """

    def __init__(
        self, rate: int, n_mels: int = 40, window: float = 0.025, hop: float = 0.010, floor: float = 1e-6
    ) -> None:
        self.length, self.hop = round(window * rate), round(hop * rate)
        if rate < 1 or n_mels < 1 or self.hop < 1 or self.length < self.hop:
            raise ValueError(
                f"rate is {rate}, n_mels {n_mels}, window {window} and hop {hop} seconds; expected at least 1 sample a "
                "second and 1 band, a hop of at least one sample, and a window no shorter than it."
            )
        if not floor > 0:
            raise ValueError(f"floor is {floor}; expected a power above 0.")
        self.floor = floor
        self.points = 1 << (self.length - 1).bit_length()
        self.window = torch.hann_window(self.length)  # (L,)
        self.filters = mel_filters(rate, self.points, n_mels)  # (points / 2 + 1, n_mels)
        self.frame_seconds = self.hop / rate

    def frames(self, samples: int) -> int:
        """F for so many samples."""
        return 1 + max(0, -(-(samples - self.length) // self.hop))

    def __call__(self, samples: Tensor) -> Tensor:
        """The features (F, n_mels) of samples (N,)."""
        count = self.frames(len(samples))
        padded = torch.nn.functional.pad(samples, (0, (count - 1) * self.hop + self.length - len(samples)))
        frames = padded.unfold(0, self.length, self.hop) * self.window  # (F, L)
        power = torch.fft.rfft(frames, n=self.points).abs().square()  # (F, points / 2 + 1)
        return (power @ self.filters).clamp(min=self.floor).log()  # (F, n_mels)


class LogMelStream:
    """Takes chunks of samples and gives the frames that are whole: together what ``LogMel`` gives of the whole."""

    def __init__(self, log_mel: LogMel) -> None:
        self.log_mel = log_mel
        self.held = torch.zeros(0)
        self.came = 0  # samples
        self.given = 0  # frames

    def push(self, samples: Tensor, last: bool = False) -> Tensor:
        """The frames (F, n_mels) that are whole once ``samples`` (N,) have come; with ``last``, all the rest."""
        self.held = torch.cat([self.held, samples])
        self.came += len(samples)
        beyond = self.came - self.log_mel.length
        whole = self.log_mel.frames(self.came) if last else 1 + beyond // self.log_mel.hop if beyond >= 0 else 0
        fresh = whole - self.given
        if not fresh:
            return self.held.new_zeros(0, self.log_mel.filters.shape[1])
        features = self.log_mel(self.held)[:fresh]
        self.held, self.given = self.held[fresh * self.log_mel.hop :], whole
        return features


def mel_filters(rate: int, points: int, n_mels: int) -> Tensor:
    """The triangles (points / 2 + 1, n_mels) over the frequencies of a transform of ``points``; each is 1 at its tip.

    Raises:
        ValueError: there are so many that one has no frequency.
    """
    low, high = (_mel(frequency) for frequency in (LOWEST, rate / 2))
    steps = torch.linspace(low, high, n_mels + 2, dtype=torch.float64)
    corners = 700 * (10 ** (steps / 2595) - 1)  # (n_mels + 2,) Hz
    frequencies = torch.arange(points // 2 + 1, dtype=torch.float64)[:, None] * rate / points  # (points / 2 + 1, 1)
    rising = (frequencies - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - frequencies) / (corners[2:] - corners[1:-1])
    filters = torch.minimum(rising, falling).clamp(min=0)
    empty = (filters.amax(dim=0) <= 0).nonzero().flatten().tolist()
    if empty:
        raise ValueError(
            f"n_mels is {n_mels}, and the window of {points} points at {rate} samples a second has no frequency in "
            f"band {empty[0]}; use fewer bands or a longer window."
        )
    return filters.float()


def _mel(frequency: float) -> float:
    return 2595 * math.log10(1 + frequency / 700)
