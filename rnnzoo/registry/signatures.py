"""What a class's constructor takes, through its bases too."""

from __future__ import annotations

import inspect


def parameters_of(target: type) -> dict[str, inspect.Parameter]:
    """The constructor's parameters by name, without self; those its bases take through ``**kwargs`` are among them."""
    found: dict[str, inspect.Parameter] = {}
    for base in inspect.getmro(target):
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                found.setdefault(parameter.name, parameter)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return found
