"""What a layer's registration has to be: checked as it registers, before anything is built."""

from __future__ import annotations

import re

from rnnzoo.contracts import LayerEntry, Paper
from rnnzoo.registry.signatures import parameters_of

KINDS = ("gated", "elementwise", "scan", "matrix", "other")
METHODS = ("step", "forward", "initial_state")
ARGUMENTS = ("input_size", "hidden_size", "bias", "device", "dtype")


def check_layer(entry: LayerEntry) -> None:
    """Refuse an entry that nobody could use as it stands.

    Raises:
        ValueError: the field, what it is and what was expected.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", entry.name) or entry.name == "none":
        raise ValueError(f"name is {entry.name!r}; expected lower snake case, such as 'my_cell' ('none' is taken).")
    if not entry.class_name.isidentifier() or entry.class_name == entry.class_name.lower():
        raise ValueError(f"class_name is {entry.class_name!r}; expected a name with a capital, such as 'MyCell'.")
    if entry.kind not in KINDS:
        raise ValueError(f"kind is {entry.kind!r}; expected one of {', '.join(KINDS)}.")
    if not isinstance(entry.paper, (Paper, type(None))):
        raise ValueError(f"paper is a {type(entry.paper).__name__}; expected a rnnzoo.contracts.Paper, or None.")
    for size in ("input_size", "hidden_size"):
        if size not in entry.tiny:
            raise ValueError(f"tiny is {dict(entry.tiny)!r}; expected {size} in it, such as {size}=3.")
    for law, reason in entry.exemptions.items():
        if not isinstance(reason, str) or not reason:
            raise ValueError(f"exemptions[{law!r}] is {reason!r}; expected the reason why the law cannot hold.")
    lacks = what_is_missing(entry.target)
    if lacks:
        raise ValueError(lacks)


def what_is_missing(target: type) -> str:
    """What a class lacks to be a cell (`contracts.Cell`), in words; "" if nothing that can be seen from outside."""
    from torch import nn

    if not isinstance(target, type) or not issubclass(target, nn.Module):
        return f"{getattr(target, '__name__', target)!s} is no subclass of torch.nn.Module."
    for name in METHODS:
        if getattr(target, name, None) is getattr(nn.Module, name, None):
            return f"{target.__name__} has no method {name}; expected step, forward and initial_state."
    takes = parameters_of(target)
    missing = [name for name in ARGUMENTS if name not in takes]
    if missing:
        return (
            f"the constructor of {target.__name__} does not take {', '.join(missing)}; expected "
            "(input_size, hidden_size, *, bias=True, device=None, dtype=None, ...)."
        )
    return ""
