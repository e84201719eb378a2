"""The doors for users' own datasets and tasks: what a class says of itself need not be said again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from rnnzoo.contracts import KINDS
from rnnzoo.registry import DATA, TASKS, unknown
from rnnzoo.registry.errors import RegistrationError
from rnnzoo.registry.places import place_of


def register_data(name: str, *, kind: str, **fields: Any) -> Callable[[type], type]:
    """Class decorator that adds a dataset of your own to the others: ``@rnnzoo.register_data("mine", kind="label")``.

    Args:
        name: what the dataset is called (``create_data``, ``--data``, ``data:`` in a table), in lower snake case.
        kind: what a task is told by which it takes: one of ``rnnzoo.contracts.KINDS``.
        **fields: ``description`` (the docstring's first line), ``licence`` ("the user's"), ``source`` ("").

    Raises:
        UnknownName: there is no such kind.
        RegistrationError: the name is taken, or a field is unknown.
    """
    if kind not in KINDS:
        raise unknown("kind of data", kind, KINDS)

    def file(target: type) -> type:
        DATA.walk()  # the zoo's names are taken first, whoever imports what in which order
        given = {"description": first_line(target.__doc__), "licence": "the user's", "source": "", **fields}
        return DATA.register(name, kind=kind, **given)(target)

    return file


def register_task(name: str, **fields: Any) -> Callable[[type], type]:
    """Class decorator that adds a task of your own to the others: ``@rnnzoo.register_task("mine")``.

    Args:
        name: what the task is called (``create_task``, ``task:`` in a recipe or a table), in lower snake case.
        **fields: ``description`` (the docstring's first line), ``accepts`` and ``metrics`` (the class's ``accepts`` and
            ``metric_specs``).

    Raises:
        RegistrationError: the name is taken, a field is unknown, or the class does not say what it accepts or measures.
    """

    def file(target: type) -> type:
        TASKS.walk()
        said = {"accepts": getattr(target, "accepts", ()), "metrics": getattr(target, "metric_specs", ()), **fields}
        for field, attribute in (("accepts", "accepts"), ("metrics", "metric_specs")):
            if not said[field]:
                raise RegistrationError(
                    f"task '{name}' ({place_of(target)}) does not register: the class does not say its {attribute}."
                )
        return TASKS.register(name, **{"description": first_line(target.__doc__), **said})(target)

    return file


def first_line(docstring: str | None) -> str:
    """The first line of a docstring, without its full stop, as descriptions are."""
    return inspect.cleandoc(docstring or "").partition("\n")[0].rstrip(".")
