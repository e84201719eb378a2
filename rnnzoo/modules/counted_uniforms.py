"""Uniform numbers that depend on nothing but their names: a seed, a row's own key, and which number of the row it is.

A row gets the same numbers in any batch, process and order. The mixing is that of SplitMix64 (G. Steele, D. Lea, C.
Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014), a counter through a bijection.
"""

from __future__ import annotations

import torch
from torch import Tensor

GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)  # as a signed number, like the two below
FIRST, SECOND = 0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64)


def row_keys(seed: int, *names: Tensor) -> Tensor:
    """A key (B,) for each row, from the seed and the row's int64 ``names``, (B,) each."""
    key = _mixed(torch.full_like(names[0], seed) + GOLDEN)
    for name in names:
        key = _mixed((key ^ name) + GOLDEN)
    return key


def counted_uniforms(keys: Tensor, numbers: Tensor) -> Tensor:
    """Numbers within (0, 1), float32, (*keys, *numbers) shaped: those of these ``numbers`` (int64) of each key."""
    keys = keys.reshape(*keys.shape, *[1] * numbers.dim())
    return ((_shifted(_mixed(keys + (numbers + 1) * GOLDEN), 41)).float() + 0.5) * 2.0**-23


def _shifted(z: Tensor, bits: int) -> Tensor:
    """z shifted to the right with zeros coming in."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _mixed(z: Tensor) -> Tensor:
    z = (z ^ _shifted(z, 30)) * FIRST
    z = (z ^ _shifted(z, 27)) * SECOND
    return z ^ _shifted(z, 31)
