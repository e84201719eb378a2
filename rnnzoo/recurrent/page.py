"""What there is to know about a layer, as text: its equations, arguments, paper and states."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable
from dataclasses import replace

import torch

from rnnzoo.contracts import LayerEntry


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
        "Kind": entry.kind + (", parallel over time" if entry.parallel else ""),
        "Verified": verified,
        "Backends": ", ".join(entry.backends),
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
    """The state's shapes without the batch, in terms of H (hidden_size): "(H), (H)" or "(H, 16)"."""
    small = entry.tiny["hidden_size"]
    sizes = (small, 2 * small, 3 * small)
    shapes = [_state_shapes(entry, H) for H in sizes]
    if None in shapes:  # the cell takes its tiny sizes alone, or asks of H what its multiples do not have
        return ", ".join(_brackets(map(str, member)) for member in shapes[0] or ()) + f" at H={small}"
    members = zip(*(known for known in shapes if known is not None), strict=True)
    found = [_brackets(_in_terms_of_H(sizes, dims) for dims in zip(*member, strict=True)) for member in members]
    return ", ".join(found) or "none"


def _brackets(dims: Iterable[str]) -> str:
    return f"({', '.join(dims)})"


def tiny_state_shapes(entry: LayerEntry) -> tuple[tuple[int, ...], ...]:
    """The state's shapes of the layer's tiny cell, without the batch. The random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        return tuple(entry.target(**entry.tiny).state_shapes)


def parameter_count(entry: LayerEntry, input_size: int, hidden_size: int) -> int:
    """Parameters of one cell of these sizes with its default options. The random state is left alone."""
    with torch.random.fork_rng(devices=[]):
        cell = entry.target(input_size, hidden_size)
    return sum(parameter.numel() for parameter in cell.parameters())


def _state_shapes(entry: LayerEntry, hidden_size: int) -> tuple[tuple[int, ...], ...] | None:
    """Of the layer's tiny cell with another H; None where the cell refuses it."""
    try:
        return tiny_state_shapes(replace(entry, tiny={**entry.tiny, "hidden_size": hidden_size}))
    except ValueError:
        if hidden_size == entry.tiny["hidden_size"]:
            raise
        return None


def _in_terms_of_H(sizes: tuple[int, ...], values: tuple[int, ...]) -> str:
    """A width that is a + b H, as such; one that is not, at the smallest of the sizes."""
    slope, rest = divmod(values[1] - values[0], sizes[1] - sizes[0])
    constant = values[0] - slope * sizes[0]
    if rest or values[2] != constant + slope * sizes[2]:
        return f"{values[0]} at H={sizes[0]}"
    if not slope:
        return str(constant)
    term = "H" if slope == 1 else f"{slope}H"
    return term + (f" {'+' if constant > 0 else '-'} {abs(constant)}" if constant else "")
