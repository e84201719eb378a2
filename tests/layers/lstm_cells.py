"""Relatives of the LSTM with random weights of a scale that moves their gates, and inputs and states for them."""

import torch

I, H = 3, 4


def made(kind, **options):
    """A cell with weights that move its gates."""
    cell = kind(I, H, dtype=torch.float64, **options)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return cell


def start(cell, batch=2, time=6):
    x = torch.randn(batch, time, I, dtype=torch.float64)
    return x, tuple(torch.randn(batch, *shape, dtype=torch.float64) for shape in cell.state_shapes)
