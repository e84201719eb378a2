"""The laws every cell obeys, callable on any cell: the tests and ``rnnzoo check`` run the same ones.

A law takes ``make_cell`` (each call gives the same small cell with random float64 weights, biases included) and the
layer's entry, and raises `LawBroken` saying what differs and by how much. `LAWS` has them all by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rnnzoo.contracts import LayerEntry
from rnnzoo.laws import agreement, contract, sequence, weights
from rnnzoo.laws.law import LAWS, Law, LawBroken, small_cell
from rnnzoo.recurrent.options import find_entry
from rnnzoo.registry import unknown
from rnnzoo.registry.errors import told
from rnnzoo.registry.places import source_file

__all__ = ["LAWS", "Law", "LawBroken", "Verdict", "check", "small_cell", "verdicts"]

FAMILIES = (contract, sequence, weights, agreement)
"""The modules that hold the laws, in the order they are best read; importing them files every law in `LAWS`."""

for _law in sorted(LAWS.values(), key=lambda one: [family.__name__ for family in FAMILIES].index(one.check.__module__)):
    LAWS[_law.name] = LAWS.pop(_law.name)


class Verdict(NamedTuple):
    """How one law fared: "holds", "broken", "exempt" (with the reason), "not declared" or "not tried"."""

    law: str
    outcome: str
    detail: str


def check(layer: str | type, *, laws: Sequence[str] = (), slow: bool = True) -> list[Verdict]:
    """Try a layer on all laws, or on those named.

    Args:
        layer: a registered name, or a cell's class, registered or not.
        laws: names of `LAWS`; none is all.
        slow: whether to try the slow ones (compiling, exporting).

    Raises:
        UnknownName: no such layer or law, with near misses.
    """
    return list(verdicts(find_entry(layer), laws=laws, slow=slow))


def verdicts(entry: LayerEntry, *, laws: Sequence[str] = (), slow: bool = True) -> Iterator[Verdict]:
    """The verdict on each law, as it is reached; what is no cell at all is tried on no further law.

    Raises:
        UnknownName: a law, or one that the entry exempts, is not known.
    """
    for name in (*laws, *entry.exemptions):
        if name not in LAWS:
            raise unknown("law", name, LAWS)
    is_cell = True
    for one in LAWS.values():
        if (laws and one.name not in laws) or (one.slow and not slow):
            continue
        verdict = _judge(one, entry) if is_cell else Verdict(one.name, "not tried", "it does not keep the contract")
        is_cell = is_cell and (one.name, verdict.outcome) != (contract.NAME, "broken")
        yield verdict


def _judge(one: Law, entry: LayerEntry) -> Verdict:
    if one.name in entry.exemptions:
        return Verdict(one.name, "exempt", entry.exemptions[one.name])
    if not one.needs(entry):
        return Verdict(one.name, "not declared", one.statement)
    try:
        one(lambda: small_cell(entry), entry)
    except LawBroken as broken:
        return Verdict(one.name, "broken", str(broken))
    except Exception as error:  # a cell that raises is a broken cell; the report goes on
        return Verdict(one.name, "broken", told(error, str(source_file(entry.target))))
    return Verdict(one.name, "holds", one.statement)
