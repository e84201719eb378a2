"""The law before all others: that it is a cell, with what `rnnzoo.contracts.Cell` asks for."""

from __future__ import annotations

from rnnzoo.contracts import LayerEntry
from rnnzoo.laws.law import LawBroken, MakeCell, law
from rnnzoo.registry.layer_checks import what_is_missing

NAME = "contract"
ATTRIBUTES = {
    "input_size": "I, a number",
    "output_size": "O, a number",
    "state_shapes": "a tuple of shapes, such as ((hidden_size,),)",
    "backend": "None until somebody forces one",
    "last_backend": "the name of the one that ran, such as 'reference'; None before",
}


@law(NAME)
def law_contract(make_cell: MakeCell, entry: LayerEntry) -> None:
    """It is a module with step, forward and initial_state, a constructor like the others', and its sizes."""
    lacks = what_is_missing(entry.target)
    if lacks:
        raise LawBroken(lacks)
    cell = make_cell()
    for name, meaning in ATTRIBUTES.items():
        if not hasattr(cell, name):
            raise LawBroken(f"{entry.target.__name__} has no attribute {name}; set it in __init__: {meaning}.")
    if cell.input_size != entry.tiny["input_size"]:
        raise LawBroken(f"input_size is {cell.input_size}, given was {entry.tiny['input_size']}")
    shapes = cell.state_shapes
    if not isinstance(shapes, tuple) or not all(isinstance(shape, tuple) for shape in shapes):
        raise LawBroken(f"state_shapes is {shapes!r}; expected {ATTRIBUTES['state_shapes']}.")
