"""What cells say about their gates: the names of their states in words, and the answer of a cell that has none."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rnnzoo.contracts import GateValues
from rnnzoo.registry import LAYERS

STATE_WORDS = {"h": "hidden", "c": "cell"}


class NoGates(ValueError):
    """Gate values were asked of what has no gates."""


def gate_report(cell: nn.Module, gates: Mapping[str, Tensor], states: Mapping[str, Tensor]) -> GateValues:
    """The values a cell found, its states under their names in words.

    Raises:
        NoGates: there is no gate among them; the message has the layers that have some.
    """
    if not gates:
        raise no_gates(layer_name(cell))
    return GateValues(dict(gates), {STATE_WORDS.get(name, name): value for name, value in states.items()})


def no_gates(layer: str) -> NoGates:
    """The error for a layer without gates."""
    return NoGates(f"layer '{layer}' has no gates (none that its file declares); {', '.join(gated_layers())} have.")


def layer_name(cell: nn.Module) -> str:
    """The registered name of a cell's class, else the class's own."""
    names = [entry.name for entry in LAYERS.entries() if entry.target is type(cell)]
    return names[0] if names else type(cell).__name__


def gated_layers() -> list[str]:
    """The names of the registered layers that declare gates, sorted."""
    with torch.random.fork_rng(devices=[]):  # to build a cell draws from the generator
        cells = {entry.name: entry.target(**entry.tiny) for entry in LAYERS.entries()}
    return [name for name, cell in cells.items() if getattr(cell, "gate_names", ())]
