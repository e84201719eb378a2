"""The one error of this folder."""

from __future__ import annotations


class PretrainedError(ValueError):
    """A model that cannot be saved, found or trusted; the message says what was given, expected, and what to do."""
