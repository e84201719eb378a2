"""What a cell's constructor takes besides the arguments every layer shares."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable

from rnnzoo.contracts import LayerEntry
from rnnzoo.recurrent.registration import describe
from rnnzoo.registry import LAYERS
from rnnzoo.registry.signatures import parameters_of

_SHARED = ("input_size", "hidden_size", "bias", "proj_size", "device", "dtype")
_PLACE = ("layer_index", "num_layers")


class OptionError(TypeError):
    """An option that an architecture does not have."""


def cell_options(cell: type) -> dict[str, inspect.Parameter]:
    """The options of a cell's constructor by name; those its bases take through ``**kwargs`` are among them."""
    return {name: parameter for name, parameter in parameters_of(cell).items() if name not in _SHARED + _PLACE}


def place_options(cell: type, layer_index: int, num_layers: int) -> dict[str, int]:
    """What a cell that asks for its place in the stack is told of it, from the bottom, 0; nothing for others."""
    place = dict(zip(_PLACE, (layer_index, num_layers), strict=True))
    return {name: value for name, value in place.items() if name in parameters_of(cell)}


def check_options(label: str, cell: type, given: Iterable[str]) -> None:
    """Refuse options the cell does not take.

    Raises:
        OptionError: with near misses, and all there are.
    """
    known = cell_options(cell)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=2)
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            options = f"its options are {', '.join(known)}" if known else "it has none"
            raise OptionError(f"layer '{label}' has no option '{name}'; {hint}besides those of torch.nn, {options}.")


def check_projection(entry: LayerEntry) -> None:
    """Refuse ``proj_size`` for a layer that does not declare it.

    Raises:
        ValueError: it names the capability and the layers that have it.
    """
    if not entry.projection:
        able = ", ".join(other.name for other in LAYERS.entries() if other.projection)
        raise ValueError(
            f"layer '{entry.name}' does not take proj_size: it does not declare the capability 'projection'. "
            f"Leave proj_size=0, or use a layer that does: {able or 'none is registered'}."
        )


def find_entry(layer: str | type) -> LayerEntry:
    """The registration of a layer given by name or as a class; of a class that has none, what can be read off it.

    Raises:
        UnknownName: no layer of that name.
        TypeError: neither a name nor a class.
    """
    if isinstance(layer, str):
        return LAYERS.entry(layer)
    if not isinstance(layer, type):
        raise TypeError(f"layer is {layer!r}; expected a registered name such as 'lstm', or a cell class.")
    for entry in LAYERS.entries():
        if entry.target is layer:
            return entry
    return describe(layer)
