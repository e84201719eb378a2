"""Biases of the forget gate along a power of the channel's number: few channels forget fast, most hold on.

b_j = 5 - 12 (j / (D - 1))^(0.3 + 1.3 r)       j = 0 to D - 1, the channels of a head; r from 0, the lowest layer, to 1

Source: Beck et al., "xLSTM: Extended Long Short-Term Memory", 2024, arXiv 2405.04517; the numbers as in the authors'
slstm/cell.py ("powerlaw_blockdependent").
"""

from __future__ import annotations

from typing import Any

import torch

from rnnzoo.initialization._cells import keeping_bias


def power_law(cell: Any, *, highest: float = 5.0, span: float = 12.0, place: float = 0.0) -> None:
    """Set the bias of the gate that keeps the state.

    Args:
        cell: a cell without its wrappers.
        highest: the bias of the first channel, 5 above.
        span: how far the last one's is below it, 12 above.
        place: r; a stack gives it.

    Raises:
        RecipeError: the cell does not say which of its blocks is the forget gate's, or has no bias.
    """
    bias = keeping_bias("power_law", cell)
    heads = getattr(cell, "num_heads", 1)
    channels = torch.linspace(0, 1, len(bias) // heads, dtype=torch.float64)
    bias.copy_((highest - span * channels ** (0.3 + 1.3 * place)).repeat(heads))
