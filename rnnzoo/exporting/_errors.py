"""The one error of this folder, and what it says of torch's."""

from __future__ import annotations


class ExportError(ValueError):
    """A model that cannot be exported; the message says what was given, what was expected and what to do."""


def reason(error: BaseException) -> str:
    """What torch found wrong, in one line: the first of the error at the bottom of its long report."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
