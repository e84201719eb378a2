"""``rnnzoo.LSTM`` and its like: one subclass of ``Recurrent`` for every registered layer, made when it is asked for."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

from rnnzoo.contracts import LayerEntry
from rnnzoo.recurrent.options import cell_options
from rnnzoo.recurrent.page import layer_page
from rnnzoo.recurrent.recurrent import Recurrent
from rnnzoo.registry import LAYERS

_CLASSES: dict[str, tuple[LayerEntry, type[Recurrent]]] = {}


def class_names() -> list[str]:
    """The class names of all registered layers, sorted."""
    return sorted(entry.class_name for entry in LAYERS.entries())


def layer_class(class_name: str) -> type[Recurrent]:
    """The subclass of ``Recurrent`` for the layer registered with this class name; one object for each registration.

    Raises:
        AttributeError: no layer has it; the message has near misses.
    """
    entries = {entry.class_name: entry for entry in LAYERS.entries()}
    if class_name not in entries:
        near = difflib.get_close_matches(class_name, entries, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise AttributeError(f"rnnzoo has no layer class '{class_name}'; {hint}rnnzoo.list_layers() lists the names.")
    entry = entries[class_name]
    if class_name not in _CLASSES or _CLASSES[class_name][0] is not entry:  # new, or registered anew by a notebook
        _CLASSES[class_name] = entry, _make(entry)
    return _CLASSES[class_name][1]


def _make(entry: LayerEntry) -> type[Recurrent]:
    """The class, with the constructor's signature spelled out for help() and for configuration files."""
    signature = _signature(entry)
    positional = [p.name for p in signature.parameters.values() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]

    def __init__(self: Recurrent, *args: Any, **kwargs: Any) -> None:
        names = positional[1:]
        if len(args) > len(names):
            raise TypeError(f"{entry.class_name} takes at most {len(names)} positional arguments, got {len(args)}.")
        for name, value in zip(names, args, strict=False):
            if name in kwargs:
                raise TypeError(f"{entry.class_name} got two values for argument '{name}'.")
            kwargs[name] = value
        missing = [name for name in ("input_size", "hidden_size") if name not in kwargs]
        if missing:
            raise TypeError(f"{entry.class_name} needs {' and '.join(missing)}.")
        Recurrent.__init__(self, entry.target, **kwargs)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    __init__.__qualname__ = f"{entry.class_name}.__init__"
    names = {"__module__": "rnnzoo", "__qualname__": entry.class_name}
    return type(entry.class_name, (Recurrent,), {"__init__": __init__, "__doc__": layer_page(entry), **names})


def _signature(entry: LayerEntry) -> inspect.Signature:
    """``Recurrent``'s arguments, then the cell's options; ``nonlinearity`` is the 4th, as in torch.nn.RNN."""
    shared = inspect.signature(Recurrent.__init__).parameters
    arguments = {
        name: parameter
        for name, parameter in shared.items()
        if name != "layer" and parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    }
    options = dict(cell_options(entry.target))
    ordered = list(arguments.values())
    if "nonlinearity" in options:
        fourth = options.pop("nonlinearity").replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)
        ordered.insert(list(arguments).index("num_layers") + 1, fourth)
    ordered += [option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in options.values()]
    return inspect.Signature(ordered)
