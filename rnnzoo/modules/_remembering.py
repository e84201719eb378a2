"""Initial weights with which a layer remembers from the start: what it begins with as its first guess about time."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

IDENTITY_INPUT_STD = 0.001


@torch.no_grad()
def identity(cell: Any) -> None:
    """U = I, no biases, small input weights: with ReLU the state starts as a sum of what came in.

    Source: Le, Jaitly, Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units", 2015, arXiv
    1504.00941 (IRNN): normal input weights with a standard deviation of 0.001.

    Raises:
        ValueError: the cell has another recurrent weight than one square matrix.
    """
    H = cell.hidden_size
    shapes = {name: tuple(parameter.shape) for name, parameter in cell.named_parameters()}
    if shapes.get("weight_hh") != (H, H) or shapes.keys() - {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}:
        raise ValueError(
            f"initialization is 'identity', for a layer with one recurrent matrix ({H}, {H}) as the srn's, and "
            f"{type(cell).__name__} has {', '.join(f'{name} {shape}' for name, shape in shapes.items())}; "
            "use 'default'."
        )
    nn.init.eye_(cell.weight_hh)
    nn.init.normal_(cell.weight_ih, std=IDENTITY_INPUT_STD)
    for bias in (cell.bias_ih, cell.bias_hh):
        if bias is not None:
            nn.init.zeros_(bias)


@torch.no_grad()
def forget_bias(cell: Any, total: float) -> None:
    """The forget gate's bias, in sum where torch has two of them; all else stays as it was built.

    At 0 the gate begins half open and half of the cell's state is lost in every step; at 1 it keeps 0.73 of it, at 3
    0.95. Source: Gers, Schmidhuber, Cummins, "Learning to Forget", 2000; Jozefowicz, Zaremba, Sutskever, "An Empirical
    Exploration of Recurrent Network Architectures", ICML 2015.

    Raises:
        ValueError: the cell does not say which of its blocks is the forget gate's, or has no bias.
    """
    block = getattr(cell, "forget_block", None)
    if block is None or cell.bias_ih is None:
        raise ValueError(
            f"initialization is 'forget_bias_{total:g}' and {type(cell).__name__} has no forget gate with a bias (what "
            "its file declares as forget_block), as lstm has. Use 'default'."
        )
    for bias, value in ((cell.bias_ih, total), (cell.bias_hh, 0.0)):
        if bias is not None:
            gate: torch.Tensor = bias.split(cell.hidden_size)[block]  # (H,)
            gate.fill_(value)
