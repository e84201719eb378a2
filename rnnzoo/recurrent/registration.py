"""The door for users' own cells: a name is enough, everything else has a default."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rnnzoo.contracts import LayerEntry
from rnnzoo.layers._gated import GatedCell
from rnnzoo.layers._matrix import MatrixCell
from rnnzoo.layers._scan import ScanCell
from rnnzoo.registry import LAYERS
from rnnzoo.registry.signatures import parameters_of
from rnnzoo.registry.users import first_line

TINY = {"input_size": 3, "hidden_size": 4}
"""The sizes at which the laws try a cell that names none."""


def register_layer(name: str, **fields: Any) -> Callable[[type], type]:
    """Class decorator that makes a cell of your own a layer like every other: ``@rnnzoo.register_layer("my_cell")``.

    Args:
        name: what the layer is called (``create_layer``, ``--model.layer``, ``--layers``), in lower snake case.
        **fields: what `rnnzoo.contracts.LayerEntry` has, where the default does not do: ``class_name`` (the class's),
            ``paper`` (None), ``kind`` (the base's), ``description`` (the docstring's first line), ``tiny`` (I=3, H=4),
            ``oracle`` (None: unverified), ``parallel`` (True for a `ScanCell` or `MatrixCell`), and
            ``exportable``, ``double_backward``, ``projection`` (False).

    Raises:
        RegistrationError: the name or the class's name is taken, a field is unknown or wrong, or the class is no cell.
    """

    def file(target: type) -> type:
        LAYERS.walk()  # the zoo's names are taken first, whoever imports what in which order
        return LAYERS.register(name, **{**defaults(target), **fields})(target)

    return file


def describe(target: type, **fields: Any) -> LayerEntry:
    """What a registration would say of a class that has none, under the class's own name."""
    return LayerEntry(name=target.__name__, target=target, **{**defaults(target), **fields})


def defaults(target: type) -> dict[str, Any]:
    """The fields of a registration that can be read off the class."""
    return {
        "class_name": target.__name__,
        "paper": None,
        "kind": _kind(target),
        "description": first_line(target.__doc__),
        "tiny": TINY,
        "oracle": None,
        "parallel": issubclass(target, ScanCell),
        "projection": "proj_size" in parameters_of(target),
    }


def _kind(target: type) -> str:
    kinds = {GatedCell: "gated", MatrixCell: "matrix", ScanCell: "scan"}
    return next((kind for base, kind in kinds.items() if issubclass(target, base)), "other")
