"""The answer to a name that nobody registered."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnknownName(LookupError):
    """A name that is not registered; the message lists the nearest known ones."""


def unknown(kind: str, name: str, known: Iterable[str], see: str = "") -> UnknownName:
    """The error for an unknown ``name``: near misses first, then where to see them all."""
    known = sorted(known)
    lowered = {word.lower(): word for word in known}
    near = [lowered[word] for word in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}."
    return UnknownName(f"unknown {kind} '{name}'; {hint}{f' `{see}` lists them all.' if see else ''}")
