"""What a cell's constructor takes besides the arguments every layer shares."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable

from rnnzoo.contracts import LayerEntry
from rnnzoo.registry import LAYERS

_SHARED = ("self", "input_size", "hidden_size", "bias", "proj_size", "device", "dtype")


def cell_options(cell: type) -> dict[str, inspect.Parameter]:
    """The options of a cell's constructor by name; those its bases take through ``**kwargs`` are among them."""
    options: dict[str, inspect.Parameter] = {}
    for base in cell.__mro__:
        if "__init__" not in base.__dict__:
            continue
        parameters = inspect.signature(base.__init__).parameters.values()  # type: ignore[misc]
        for parameter in parameters:
            if parameter.name not in _SHARED and parameter.kind not in (
                inspect.Parameter.VAR_KEYWORD,
                inspect.Parameter.VAR_POSITIONAL,
            ):
                options.setdefault(parameter.name, parameter)
        if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
            break
    return options


def check_options(label: str, cell: type, given: Iterable[str]) -> None:
    """Refuse options the cell does not take.

    Raises:
        TypeError: with near misses, and all there are.
    """
    known = cell_options(cell)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=2)
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            options = f"its options are {', '.join(known)}" if known else "it has none"
            raise TypeError(f"layer '{label}' has no option '{name}'; {hint}besides those of torch.nn, {options}.")


def check_projection(label: str, cell: type, entry: LayerEntry | None) -> None:
    """Refuse ``proj_size`` for a layer that does not declare it.

    Raises:
        ValueError: it names the capability and the layers that have it.
    """
    takes = entry.projection if entry is not None else "proj_size" in inspect.signature(cell).parameters
    if not takes:
        able = ", ".join(other.name for other in LAYERS.entries() if other.projection)
        raise ValueError(
            f"layer '{label}' does not take proj_size: it does not declare the capability 'projection'. "
            f"Leave proj_size=0, or use a layer that does: {able or 'none is registered'}."
        )


def find_entry(layer: str | type) -> tuple[str, type, LayerEntry | None]:
    """Label, cell class and registration of a layer given by name or as a class (registered or not).

    Raises:
        UnknownName: no layer of that name.
        TypeError: neither a name nor a class.
    """
    if isinstance(layer, str):
        entry = LAYERS.entry(layer)
        return entry.name, entry.target, entry
    if not isinstance(layer, type):
        raise TypeError(f"layer is {layer!r}; expected a registered name such as 'lstm', or a cell class.")
    for entry in LAYERS.entries():
        if entry.target is layer:
            return entry.name, layer, entry
    return layer.__name__, layer, None
