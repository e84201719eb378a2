"""The key of a piece, major or minor on one of twelve tonics, from how often each pitch class sounds.

The answer is the key whose profile correlates best with the counts: C. L. Krumhansl, "Cognitive Foundations of Musical
Pitch", 1990, chapter 4; the profiles are those of C. L. Krumhansl, E. J. Kessler, "Tracing the Dynamic Changes in
Perceived Tonal Organization in a Spatial Representation of Musical Keys", Psychological Review 89, 1982.
"""

from __future__ import annotations

import numpy as np

TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
MODES = ("major", "minor")
KEYS = [f"{tonic} {mode}" for mode in MODES for tonic in TONICS]
"""The names of the 24 keys in the order of their numbers: 12 times the mode, and the tonic."""

MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
PROFILES = np.array([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])  # (24, 12)


def estimate_key(counts: np.ndarray) -> int:
    """The number of the likeliest key.

    Args:
        counts: (12,) how often C, C sharp and so on sound; where all are alike, the answer is C major.
    """
    centred = counts - counts.mean()
    profiles = PROFILES - PROFILES.mean(axis=1, keepdims=True)
    alike = profiles @ centred / np.linalg.norm(profiles, axis=1)  # the length of the counts is the same for all
    return int(np.argmax(np.round(alike, 9)))


def transposed(key: int, semitones: int) -> int:
    """The number of the key that lies so many semitones higher."""
    return key // 12 * 12 + (key + semitones) % 12
