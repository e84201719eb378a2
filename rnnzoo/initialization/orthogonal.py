"""Orthogonal recurrent weights: each gate's matrix U with U^T U = gain^2 I, drawn uniformly among them.

A product of many of them neither grows nor vanishes. Source: Saxe, McClelland, Ganguli, "Exact solutions to the
nonlinear dynamics of learning in deep linear neural networks", 2013, arXiv 1312.6120.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from rnnzoo.initialization._cells import misfit, recurrent_matrices, shapes_of


def orthogonal(cell: Any, *, gain: float = 1.0) -> None:
    """Set every matrix that multiplies a state.

    Args:
        cell: a cell without its wrappers.
        gain: what lengths are multiplied by.

    Raises:
        RecipeError: the cell has no such matrix.
    """
    matrices = recurrent_matrices(cell)
    if not matrices:
        raise misfit("orthogonal", cell, f"it has no recurrent matrix weight_hh, only {shapes_of(cell)}.")
    for matrix in matrices:
        nn.init.orthogonal_(matrix, gain)
