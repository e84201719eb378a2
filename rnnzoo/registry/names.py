"""The answer to a name that nobody registered."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnknownName(LookupError):
    """A name that is not registered; the message lists the nearest known ones."""


def unknown(kind: str, name: str, known: Iterable[str], see: str = "", own: str = "") -> UnknownName:
    """The error for an unknown ``name``: near misses first, then where to see them all, then how one's ``own`` come."""
    known = sorted(known)
    lowered = {word.lower(): word for word in known}
    near = [lowered[word] for word in difflib.get_close_matches(name.lower(), lowered, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}."
    all_of_them = f" `{see}` lists them all." if see else ""
    return UnknownName(f"unknown {kind} '{name}'; {hint}{all_of_them}{f' {own}' if own else ''}")
