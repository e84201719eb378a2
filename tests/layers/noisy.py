"""A registered cell with options, and weights of which no two blocks are alike."""

import torch

from rnnzoo.registry import LAYERS


def build(name, **options):
    """A float64 cell in evaluation mode: the layer's tiny one with these options, and noise on its weights."""
    entry = LAYERS.entry(name)
    cell = entry.target(**{**entry.tiny, **options}, dtype=torch.float64)
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.5)
    return cell.eval()
