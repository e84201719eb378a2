"""The sizes that are measured at, by their letter."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """Rows, steps, features and hidden numbers of a measurement."""

    B: int
    T: int
    I: int
    H: int


SHAPES = {
    "A": Shape(128, 80, 100, 64),
    "B": Shape(32, 128, 128, 256),
    "C": Shape(64, 1000, 10, 100),
    "D": Shape(4, 4096, 128, 128),
    "small": Shape(1, 16, 16, 16),
}
TINY = Shape(2, 6, 4, 8)
"""The most of each that a quick run takes."""


def sizes(name: str, quick: bool) -> Shape:
    """The shape of this name; for a quick run, no larger than `TINY`."""
    full = SHAPES[name]
    return Shape(*map(min, full, TINY)) if quick else full
