"""The modReLU: a rectifier of the size of a number that leaves its direction as it is.

modReLU(z) = (|z| + b) z / |z| where |z| + b > 0, else 0            b is learned, one a channel; 0 at z = 0

Source: Arjovsky, Shah, Bengio, "Unitary Evolution Recurrent Neural Networks", 2016, arXiv 1511.06464, section 4.2.
"""

from __future__ import annotations

import torch
from torch import Tensor


def modrelu(z: Tensor, b: Tensor) -> Tensor:
    """The modReLU (..., H) of real numbers (..., H), of which the direction is the sign."""
    return torch.sign(z) * torch.relu(torch.abs(z) + b)


def complex_modrelu(part: Tensor, other: Tensor, b: Tensor) -> Tensor:
    """A part (..., H), real or imaginary, of the modReLU of complex numbers, of that part and the other.

    The derivative at 0, where there is no direction, is that of the function without its b.
    """
    power = part * part + other * other
    size = torch.sqrt(torch.where(power > 0, power, torch.ones_like(power)))  # a square root of 0 has no derivative
    return part * (torch.relu(size + b) / size)
