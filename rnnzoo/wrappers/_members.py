"""The members of a cell's state by name, and those among them that mean nothing apart from the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from rnnzoo.layers._scan import ScanCell
from rnnzoo.registry import unknown
from rnnzoo.wrappers._wrapped import WrappedCell, innermost, shells

TAIL = "it is the last steps of the input, which are what they were"
CLOCK = "it is a whole number"


def member_names(cell: Any) -> tuple[str, ...]:
    """The state's members, by the letters of the equations; "tail" is the window's, "state1" one without a name."""
    if isinstance(cell, WrappedCell):
        return member_names(cell.cell) + cell.adds
    named = tuple(getattr(cell, "states", ()))
    if isinstance(cell, ScanCell) and cell.window > 1:
        named += ("tail",)
    return named + tuple(f"state{i}" for i in range(len(named), len(cell.state_shapes)))


def bound_members(cell: Any) -> dict[str, str]:
    """The members that may not be changed on their own, each with the reason.

    Those are the ones that the cell's class calls ``bound``, a window's tail, and whole numbers.
    """
    names, declared = member_names(cell), dict(getattr(innermost(cell), "bound", {}))
    for shell in shells(cell):
        declared |= dict.fromkeys(getattr(shell, "adds", ()), TAIL)
    found = {name: declared[name] for name in names if name in declared}
    with torch.no_grad():
        members = cell.initial_state(1)
    for name, member in zip(names, members, strict=True):
        if name == "tail":
            found.setdefault(name, TAIL)
        elif not member.is_floating_point():
            found.setdefault(name, CLOCK)
    return found


def shares(wrapper: Any, cell: Any, p: float | Mapping[str, float], *, below: bool) -> dict[str, float]:
    """The probability of each member that has one: of every free member, or of those that are named.

    Args:
        wrapper: the wrapper that asks, for messages.
        cell: the cell that the wrapper is around.
        p: one probability for all free members, or one for each that is named.
        below: whether 1 is out of the range.

    Raises:
        UnknownName: there is no such member.
        ValueError: a probability is none.
        WrapperError: the member is bound, or all are.
    """
    names, bound = member_names(cell), bound_members(cell)
    for name in p if isinstance(p, Mapping) else ():
        if name not in names:
            raise unknown("member of the state", name, names)
        if name in bound:
            raise wrapper.refuse(f"'{name}' cannot be changed on its own: {bound[name]}.")
    found = dict(p) if isinstance(p, Mapping) else dict.fromkeys((name for name in names if name not in bound), p)
    if not found:
        reasons = "; ".join(f"'{name}': {why}" for name, why in bound.items())
        raise wrapper.refuse(f"no member of its state can be changed on its own ({reasons}).")
    for name, share in found.items():
        check_share(f"p of '{name}'", share, below=below)
    return found


def check_share(what: str, share: Any, *, below: bool = True) -> None:
    """Raise unless ``share`` is a probability; with ``below``, one below 1.

    Raises:
        ValueError: it is not.
    """
    number = isinstance(share, (int, float)) and not isinstance(share, bool)
    if not number or not 0 <= share <= 1 or (below and share == 1):
        raise ValueError(f"{what} is {share!r}; expected a probability from 0 to {'below ' if below else ''}1.")
