"""The one error of this folder."""

from __future__ import annotations


class ExportError(ValueError):
    """A model that cannot be exported; the message says what was given, what was expected and what to do."""
