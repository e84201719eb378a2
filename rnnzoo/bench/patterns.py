"""Names of many layers at once: ``all``, or shell patterns such as ``min*``."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from rnnzoo.bench.errors import TableError

ALL = "all"


def patterns_of(value: Any, where: str) -> tuple[str, ...]:
    """The patterns that ``layers:`` of an entry says: one, or a list of them.

    Raises:
        TableError: it is neither, or empty.
    """
    patterns = [value] if isinstance(value, str) else value
    if not isinstance(patterns, list) or not patterns or not all(isinstance(item, str) and item for item in patterns):
        raise TableError(f"{where}: `layers` is all, a pattern such as min*, or a list of these, not {value!r}.")
    return tuple(patterns)


def is_pattern(name: str) -> bool:
    """Whether ``name`` stands for many."""
    return name == ALL or any(character in name for character in "*?[")


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a layer's ``name`` is meant by one of ``patterns``."""
    return any(pattern == ALL or fnmatchcase(name, pattern) for pattern in patterns)
