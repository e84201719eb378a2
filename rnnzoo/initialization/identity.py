"""U = s I, no biases, small input weights: with ReLU the state starts as a sum of what came in.

Source: Le, Jaitly, Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units", 2015, arXiv
1504.00941 (IRNN): normal input weights with a standard deviation of 0.001.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from rnnzoo.initialization._cells import misfit, shapes_of

INPUT_STD = 0.001
KNOWN = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}


def identity(cell: Any, *, scale: float = 1.0, input_std: float = INPUT_STD) -> None:
    """Set all parameters.

    Args:
        cell: a cell without its wrappers.
        scale: s; below 1, old inputs fade, as the paper's section 3 has it for tasks without long memory.
        input_std: the standard deviation of the input weights.

    Raises:
        RecipeError: the cell has another recurrent weight than one square matrix.
    """
    H = cell.hidden_size
    shapes = {name: tuple(parameter.shape) for name, parameter in cell.named_parameters()}
    if shapes.get("weight_hh") != (H, H) or shapes.keys() - KNOWN:
        raise misfit(
            "identity",
            cell,
            f"it is for one recurrent matrix ({H}, {H}) as the srn's, and {type(cell).__name__} has {shapes_of(cell)}.",
        )
    nn.init.eye_(cell.weight_hh).mul_(scale)
    nn.init.normal_(cell.weight_ih, std=input_std)
    for bias in (cell.bias_ih, cell.bias_hh):
        if bias is not None:
            nn.init.zeros_(bias)
