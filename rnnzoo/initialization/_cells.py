"""What recipes find in a cell: its recurrent matrices, and the biases of its gates."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from rnnzoo.layers._gates import layer_name


class RecipeError(ValueError):
    """A recipe was asked for of a cell that lacks what it sets."""


def misfit(recipe: str, cell: Any, why: str) -> RecipeError:
    """The error that names both."""
    return RecipeError(f"initialization '{recipe}' and layer '{layer_name(cell)}' ({type(cell).__name__}): {why}")


def shapes_of(cell: Any) -> str:
    """The cell's parameters and their shapes, in words."""
    return ", ".join(f"{name} {tuple(parameter.shape)}" for name, parameter in cell.named_parameters())


def recurrent_matrices(cell: Any) -> list[Tensor]:
    """Each gate's part of every weight that multiplies a state, (n, n) where that divides it into such, else whole."""
    found = []
    for name, weight in cell.named_parameters(recurse=False):
        if name.startswith("weight_hh") and weight.dim() == 2:
            rows, columns = weight.shape
            found += list(weight.split(columns)) if rows % columns == 0 else [weight]
    return found


def keeping_bias(recipe: str, cell: Any) -> Tensor:
    """The input's bias (H,) of the gate that keeps the state; where the recurrent product has one too, it is zeroed.

    Raises:
        RecipeError: the cell does not say which gate that is, or has no bias.
    """
    block = getattr(cell, "forget_block", None)
    block = getattr(cell, "keep_block", None) if block is None else block
    if block is None or getattr(cell, "bias_ih", None) is None:
        raise misfit(
            recipe,
            cell,
            f"{type(cell).__name__} has no forget gate with a bias (what its file declares as forget_block or "
            f"keep_block); its parameters are {shapes_of(cell)}.",
        )
    return _bias(cell, block)


def input_bias(cell: Any) -> Tensor | None:
    """The same of the gate that lets in, where that is one of its own beside the gate that keeps."""
    stages = getattr(cell, "stages", ())
    forget = getattr(cell, "forget_block", None)
    for stage in stages:
        names = list(stage.gate_names)
        own = len(names) == stage.inputs and "input" in names and "forget" in names
        if own and names.index("forget") == forget and sum(each.inputs for each in stages) == stage.inputs:
            return _bias(cell, names.index("input"))
    return None


def _bias(cell: Any, block: int) -> Tensor:
    recurrent = getattr(cell, "bias_hh", None)
    if recurrent is not None:
        recurrent.split(cell.hidden_size)[block].zero_()
    return cell.bias_ih.split(cell.hidden_size)[block]
