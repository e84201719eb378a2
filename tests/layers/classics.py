"""Random inputs and cells with large random weights, for the properties of the classic and small cells."""

import torch

I, H, B = 3, 5, 4


def randoms(*shape, scale=1.0):
    return scale * torch.randn(*shape, dtype=torch.float64)


def zeros(steps):
    return torch.zeros(B, steps, I, dtype=torch.float64)


def wild(cell, scale=2.0):
    """The cell with large random weights."""
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.normal_(std=scale)
    return cell.double()
