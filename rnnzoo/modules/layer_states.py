"""States of stacks of layers, whatever their structure: cell by cell, with the rows first, or some of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rnnzoo.contracts import State


def split_cells(hx: Any) -> list[State]:
    """The state of each cell, tensors (B, *shape), of what a stack gave: see ``rnnzoo.recurrent.states``."""
    members = (hx,) if isinstance(hx, Tensor) else tuple(hx)
    if isinstance(members[0], Tensor):
        return list(zip(*(member.unbind(0) for member in members), strict=True))
    return [tuple(state) for state in members]


def join_cells(states: Sequence[State]) -> Any:
    """The opposite of ``split_cells``: what a stack takes."""
    if any([m.shape for m in state] != [m.shape for m in states[0]] for state in states):
        return tuple(states)
    members = tuple(torch.stack(member) for member in zip(*states, strict=True))  # (cells, B, *shape)
    return members[0] if len(members) == 1 else members


def swap_rows(hx: Any) -> Any:
    """A stack's state with the rows first in every tensor, or such a state as the stack takes it: the same either way.

    Nothing is copied.
    """
    if isinstance(hx, Tensor):
        return hx.transpose(0, 1)
    return tuple(member.transpose(0, 1) for member in hx) if isinstance(hx[0], Tensor) else hx


def initial_cells(stack: nn.Module, like: Tensor) -> list[State]:
    """The cells' own initial states, for as many rows as ``like`` (B, ...) has, on its device.

    They are of the parameters' dtype: under autocast that of ``like`` may be another.
    """
    cells: Any = stack.cells
    weight = next(stack.parameters(), like)
    return [cell.initial_state(like.shape[0], device=like.device, dtype=weight.dtype) for cell in cells]


def select_rows(tree: Any, rows: Tensor) -> Any:
    """The rows (N,) of every tensor in tuples within tuples; the batch comes first, and ``None`` stays ``None``."""
    if tree is None:
        return None
    if isinstance(tree, Tensor):
        return tree.index_select(0, rows)
    chosen = [select_rows(member, rows) for member in tree]
    return type(tree)(*chosen) if hasattr(tree, "_fields") else tuple(chosen)
