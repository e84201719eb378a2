"""What goes wrong while members are registered or discovered; each message has the place and what to do."""

from __future__ import annotations

import traceback


class RegistrationError(TypeError, ValueError):
    """A class cannot be registered: a field is missing, unknown or wrong, its name is taken, or it is no such thing."""


class DiscoveryError(ImportError):
    """A file, or a distribution's entry point, does not import or registers nothing."""


def told(error: Exception, path: str) -> str:
    """An error in words, with the line of the file at ``path`` where it arose."""
    if isinstance(error, (RegistrationError, DiscoveryError)):
        return str(error)
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f"{words} (line {lines[-1]})" if lines and not isinstance(error, SyntaxError) else words
