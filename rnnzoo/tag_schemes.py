"""Tags that mark spans: from tags to spans and back, between schemes, and what to do with tags that no spans give.

A tag is ``O``, or a prefix and a type, ``B-location``; with one type only, as in word segmentation, the prefix alone.

- IOB1: every step of a span is I, its first is B where it follows another span of its type (Ramshaw, Marcus 1995;
  CoNLL-2003).
- IOB2: the first step of every span is B (CoNLL-2000, CoNLL-2002).
- BIOES: besides, the last step is E, and a span of one step is S.
- BMES: as BIOES, the steps between B and E being M (Chinese segmentation, where no step is O).

Tags are read as conlleval reads them, whatever the scheme: a span begins at B and S, and at any other prefix that
follows O, another type, E or S; it goes on while nothing else begins. So every sequence of tags gives spans, and it is
legal if these spans give the tags again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rnnzoo.registry import unknown

PREFIXES = {"IOB1": "IB", "IOB2": "BI", "BIOES": "BIES", "BMES": "BMES"}
"""The prefixes of each scheme."""
SCHEMES = (*PREFIXES, "none")
"""With "none" a tag is a class by itself, such as a part of speech, and marks no span."""


class Span(NamedTuple):
    """Steps start to end (the end is not in it) that are one thing of a type."""

    start: int
    end: int
    type: str


def check_scheme(scheme: str) -> str:
    """``scheme``, if there is one of this name.

    Raises:
        UnknownName: there is none; lists near misses.
    """
    if scheme not in SCHEMES:
        raise unknown("tag scheme", scheme, SCHEMES)
    return scheme


def split_tag(tag: str, scheme: str) -> tuple[str, str]:
    """Prefix and type of a tag: ("B", "location") of B-location, ("O", "") of O.

    Raises:
        UnknownName: no such scheme, or one that marks no spans.
        ValueError: it is no tag of the scheme.
    """
    if scheme not in PREFIXES:
        raise unknown("scheme of spans", scheme, PREFIXES)
    prefix, dash, kind = tag.partition("-")
    if tag == "O" or (prefix in PREFIXES[scheme] and len(prefix) == 1 and bool(dash) == bool(kind)):
        return prefix, kind
    raise ValueError(
        f"{tag!r} is no tag of {scheme}; expected O, or one of {', '.join(PREFIXES[scheme])} and a type behind a dash, "
        f"such as {PREFIXES[scheme][0]}-location. Name the scheme that the tags have, or 'none' for plain classes."
    )


def spans_of(tags: Sequence[str], scheme: str) -> list[Span]:
    """The spans that tags mark, in order.

    Raises:
        UnknownName, ValueError: as ``split_tag``.
    """
    found: list[Span] = []
    start, before, before_type = 0, "O", ""
    for step, tag in enumerate(tags):
        prefix, kind = split_tag(tag, scheme)
        fresh = prefix in "BS" or before in "OES" or kind != before_type
        if before != "O" and (prefix == "O" or fresh):
            found.append(Span(start, step, before_type))
        if fresh:
            start = step
        before, before_type = prefix, kind
    if before != "O":
        found.append(Span(start, len(tags), before_type))
    return found


def tags_of(spans: Sequence[Span], length: int, scheme: str) -> list[str]:
    """The tags of ``length`` steps that mark ``spans``.

    Raises:
        UnknownName: as ``split_tag``.
        ValueError: a span is empty, overlaps another, or is not within the steps.
    """
    if scheme not in PREFIXES:
        raise unknown("scheme of spans", scheme, PREFIXES)
    tags = ["O"] * length
    end, last_type = -1, ""
    for span in sorted(spans):
        if not max(end, 0) <= span.start < span.end <= length:
            raise ValueError(f"{span} is empty, overlaps the one before, or is not within {length} steps.")
        inner = "M" if scheme == "BMES" else "I"
        prefixes = [inner] * (span.end - span.start)
        if scheme in ("BIOES", "BMES"):
            prefixes[0], prefixes[-1] = "B", "E"
            if len(prefixes) == 1:
                prefixes = ["S"]
        elif scheme == "IOB2" or (span.start == end and span.type == last_type):
            prefixes[0] = "B"
        tags[span.start : span.end] = [f"{prefix}-{span.type}" if span.type else prefix for prefix in prefixes]
        end, last_type = span.end, span.type
    return tags


def convert(tags: Sequence[str], scheme: str, to: str) -> list[str]:
    """The tags of one scheme in another; in the same one, what is illegal is repaired.

    Raises:
        UnknownName, ValueError: as ``split_tag``.
    """
    return tags_of(spans_of(tags, scheme), len(tags), to)


def illegal_steps(tags: Sequence[str], scheme: str) -> list[int]:
    """The steps whose tag is another once the tags are repaired; none for legal tags, nor for the scheme "none".

    Raises:
        UnknownName, ValueError: as ``split_tag``.
    """
    if scheme == "none":
        return []
    return [
        step for step, (tag, legal) in enumerate(zip(tags, convert(tags, scheme, scheme), strict=True)) if tag != legal
    ]


def all_tags(types: Sequence[str], scheme: str, outside: bool = True) -> list[str]:
    """Every tag of a scheme for these types, ``O`` first if there are steps outside of spans.

    Raises:
        UnknownName: as ``split_tag``.
    """
    if scheme not in PREFIXES:
        raise unknown("scheme of spans", scheme, PREFIXES)
    tags = [f"{prefix}-{kind}" if kind else prefix for kind in types for prefix in PREFIXES[scheme]]
    return ["O", *tags] if outside else tags
