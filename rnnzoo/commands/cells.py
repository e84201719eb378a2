"""Which cells ``FILE.py:CLASS``, ``FILE.py`` or a layer's name stands for."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from rnnzoo.contracts import LayerEntry
from rnnzoo.recurrent.registration import describe
from rnnzoo.registry import LAYERS, unknown
from rnnzoo.registry.errors import DiscoveryError
from rnnzoo.registry.files import import_file


def cells_of(given: str) -> list[LayerEntry]:
    """The registrations of the cells that ``given`` names; what a registration would say of cells that have none.

    Raises:
        UnknownName: no such layer, or no such class in the file; near misses follow.
        FileNotFoundError: there is no such file.
        DiscoveryError: the file does not import, or has no cell in it.
    """
    file, _, class_name = given.rpartition(":") if ".py:" in given else (given, "", "")
    if not file.endswith(".py"):
        if any(letter in given for letter in "*?["):
            names = LAYERS.names(given)
            if not names:
                raise unknown("layer", given, LAYERS.names(), see="rnnzoo list layers")
            return [LAYERS.entry(name) for name in names]
        return [LAYERS.entry(given)]
    module = import_file(file)
    registered = {entry.target: entry for entry in LAYERS.entries()}
    classes = _classes(module)
    if class_name:
        if class_name not in classes:
            raise unknown(f"class of {Path(file).name}", class_name, classes)
        chosen = [classes[class_name]]
    else:
        chosen = [made for made in classes.values() if made in registered or _is_cell(made, classes)]
        if not chosen:
            raise DiscoveryError(f"{file} has no cell: no class with the methods step, forward and initial_state.")
    return [registered.get(made) or describe(made) for made in chosen]


def _classes(module: ModuleType) -> dict[str, type]:
    """The classes defined in a file, in their order."""
    return {
        name: made
        for name, made in vars(module).items()
        if isinstance(made, type) and made.__module__ == module.__name__
    }


def _is_cell(made: type, classes: dict[str, type]) -> bool:
    """Whether a class is meant as a cell: it can step, is not private, and is no base of another one in the file."""
    has_heirs = any(other is not made and issubclass(other, made) for other in classes.values())
    return hasattr(made, "step") and not made.__name__.startswith("_") and not has_heirs
