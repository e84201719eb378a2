"""What there is to know about a layer, as text: its equations, arguments, paper and states."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from typing import Any

import torch

from rnnzoo.contracts import LayerEntry
from rnnzoo.registry.signatures import parameters_of

SIZES = (16, 32, 48)
"""Values of H from which a width's formula is read off."""


def layer_page(entry: LayerEntry) -> str:
    """The docstring of the layer's class: what it is, its equations, the cell's arguments, then the facts."""
    name = entry.target.__module__
    module = sys.modules.get(name) if name != "__main__" else None  # the docstring of a notebook is not its author's
    equations = inspect.cleandoc(getattr(module, "__doc__", None) or "")
    own = inspect.cleandoc(entry.target.__doc__ or "")
    parts = [equations, own, *_facts(entry)]
    return "\n\n".join(part for part in parts if part)


def _facts(entry: LayerEntry) -> list[str]:
    verified = f"held to {entry.oracle}" if entry.oracle else "unverified: there is no oracle it is held to"
    facts = {
        "States": f"{state_formula(entry)}, each with the batch before it",
        "Paper": cite(entry),
        "Kind": entry.kind
        + {"parallel": ", parallel over time", "step loop": ", a loop of steps"}.get(in_time(entry), ""),
        "Verified": verified,
        "Backends": ", ".join(backends(entry)),
        "Can also": ", ".join(abilities(entry)) or "nothing more",
        "Elsewhere": entry.differs,
        "Exempt": "; ".join(f"{law} ({reason})" for law, reason in entry.exemptions.items()),
    }
    lines = [f"{name + ':':<10} {said}" for name, said in facts.items() if said]
    return [
        "\n".join(lines),
        "Takes the arguments, inputs and states of ``torch.nn.LSTM``, as every layer of rnnzoo does: see "
        "``rnnzoo.Recurrent``.",
    ]


def in_time(entry: LayerEntry) -> str:
    """How a layer goes through time: "parallel"; "step loop" where it has nothing but that; else ""."""
    if entry.parallel:
        return "parallel"
    return "step loop" if backends(entry) == ("reference",) else ""


def abilities(entry: LayerEntry) -> list[str]:
    """What a layer declares that it can do besides what every layer can."""
    declared = {
        "torch.compile and torch.export": entry.exportable,
        "second derivatives": entry.double_backward,
        "proj_size": entry.projection,
    }
    return [words for words, able in declared.items() if able]


def cite(entry: LayerEntry) -> str:
    """The paper in one line; "" where there is none."""
    paper = entry.paper
    return f"{paper.authors} ({paper.year}), {paper.title}. {paper.url}".rstrip() if paper is not None else ""


def state_formula(entry: LayerEntry) -> str:
    """The state's shapes without the batch, in terms of H (hidden_size), with default options: "(H), (H, 64)"."""
    shapes = [_state_shapes(entry, H) for H in SIZES]
    if None in shapes:  # the cell asks of its sizes what these do not have
        return ", ".join(_brackets(map(str, member)) for member in tiny_state_shapes(entry)) + _at(entry)
    members = zip(*(known for known in shapes if known is not None), strict=True)
    found = [_brackets(_in_terms_of_H(dims) for dims in zip(*member, strict=True)) for member in members]
    return ", ".join(found) or "none"


def _at(entry: LayerEntry) -> str:
    return f" at H={entry.tiny['hidden_size']}"


def _brackets(dims: Iterable[str]) -> str:
    return f"({', '.join(dims)})"


def tiny_state_shapes(entry: LayerEntry) -> tuple[tuple[int, ...], ...]:
    """The state's shapes of the layer's tiny cell, without the batch. The random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        return tuple(entry.target(**entry.tiny).state_shapes)


def backends(entry: LayerEntry) -> tuple[str, ...]:
    """The backends that can run the layer, reference first, as its tiny cell tells. The random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        return tuple(getattr(entry.target(**entry.tiny), "backends", ("reference",)))


def parameter_count(entry: LayerEntry, input_size: int, hidden_size: int) -> int:
    """Parameters of one cell of these sizes with its default options."""
    return sum(parameter.numel() for parameter in _usual_cell(entry, input_size, hidden_size).parameters())


def _state_shapes(entry: LayerEntry, hidden_size: int) -> tuple[tuple[int, ...], ...] | None:
    """Of a cell with this H and its default options; None where it refuses such sizes."""
    try:
        return tuple(_usual_cell(entry, SIZES[0], hidden_size).state_shapes)
    except ValueError:
        return None


def _usual_cell(entry: LayerEntry, input_size: int, hidden_size: int) -> Any:
    """A cell with its default options; one that has none for some gets the tiny cell's. Draws no random numbers."""
    needs = [name for name, parameter in parameters_of(entry.target).items() if parameter.default is parameter.empty]
    options = {name: value for name, value in entry.tiny.items() if name in needs}
    with torch.random.fork_rng(devices=[]):
        return entry.target(**{**options, "input_size": input_size, "hidden_size": hidden_size})


def _in_terms_of_H(values: tuple[int, ...]) -> str:
    """A width at each of `SIZES` that is a + b H, as such; one that is not, at the first of them."""
    slope, rest = divmod(values[1] - values[0], SIZES[1] - SIZES[0])
    constant = values[0] - slope * SIZES[0]
    if rest or values[2] != constant + slope * SIZES[2]:
        return f"{values[0]} at H={SIZES[0]}"
    if not slope:
        return str(constant)
    term = "H" if slope == 1 else f"{slope}H"
    return term + (f" {'+' if constant > 0 else '-'} {abs(constant)}" if constant else "")
