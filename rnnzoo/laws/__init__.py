"""The laws every cell obeys, callable on any cell: the tests and ``rnnzoo check`` run the same ones.

A law takes ``make_cell`` (each call gives the same small cell with random float64 weights, biases included) and the
layer's entry, and raises `LawBroken` saying what differs and by how much. `LAWS` has them all by name.
"""

from __future__ import annotations

from typing import NamedTuple

from rnnzoo.contracts import LayerEntry
from rnnzoo.laws import agreement, sequence, weights
from rnnzoo.laws.law import LAWS, Law, LawBroken, small_cell
from rnnzoo.registry import LAYERS, unknown

__all__ = ["LAWS", "Law", "LawBroken", "Verdict", "check", "small_cell"]

FAMILIES = (sequence, weights, agreement)
"""The modules that hold the laws; importing them files every law in `LAWS`."""


class Verdict(NamedTuple):
    """How one law fared: "holds", "broken", "exempt" (with the reason) or "not declared"."""

    law: str
    outcome: str
    detail: str


def check(layer: str, *, laws: list[str] | None = None, slow: bool = True) -> list[Verdict]:
    """Try a registered layer on all laws, or on those named.

    Args:
        layer: a registered name.
        laws: names of `LAWS`; None is all.
        slow: whether to try the slow ones (compiling, exporting).

    Raises:
        UnknownName: no such layer or law, with near misses.
    """
    entry = LAYERS.entry(layer)
    for name in laws or ():
        if name not in LAWS:
            raise unknown("law", name, LAWS)
    chosen = [LAWS[name] for name in laws or LAWS if slow or not LAWS[name].slow]
    return [_judge(one, entry) for one in chosen]


def _judge(one: Law, entry: LayerEntry) -> Verdict:
    if one.name in entry.exemptions:
        return Verdict(one.name, "exempt", entry.exemptions[one.name])
    if not one.needs(entry):
        return Verdict(one.name, "not declared", "")
    try:
        one(lambda: small_cell(entry), entry)
    except LawBroken as broken:
        return Verdict(one.name, "broken", str(broken))
    except Exception as error:  # a cell that raises is a broken cell; the report goes on
        return Verdict(one.name, "broken", f"{type(error).__name__}: {error}")
    return Verdict(one.name, "holds", one.statement)
