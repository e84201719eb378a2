"""Sentences as they are read: the tags to be learned, whether they are legal, and all labels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rnnzoo.tag_schemes import all_tags, convert, illegal_steps, split_tag


class TaggedSentence(NamedTuple):
    """Words, the tag of each, perhaps a label of the whole, and where the sentence stands."""

    words: list[str]
    tags: list[str]
    path: str
    lines: list[int]  # of each word, for messages
    intent: str = ""


class Prepared(NamedTuple):
    """The sentences of one split with the tags to be learned, and how many tags had to be repaired for that."""

    words: list[list[str]]
    tags: list[list[str]]
    intents: list[str]
    repaired: int


def prepare(
    sentences: Sequence[TaggedSentence], scheme: str, learn: str, refuse: bool, max_length: int | None
) -> Prepared:
    """Legal tags of the scheme ``learn``.

    Args:
        sentences: of one split.
        scheme: of their tags.
        learn: the scheme to be learned.
        refuse: whether illegal tags are an error.
        max_length: of a sentence; ``None``: any.

    Raises:
        ValueError: a sentence is empty or too long, or its tags are no tags of the scheme, or illegal.
    """
    tags, repaired = [], 0
    for each in sentences:
        where = f"{each.path}, line {each.lines[0]}: " if each.lines else f"{each.path}: "
        if not each.words:
            raise ValueError(f"{where}a sentence of length 0; expected at least one word. Remove the line.")
        if max_length is not None and len(each.words) > max_length:
            raise ValueError(
                f"{where}a sentence of {len(each.words)} steps, and max_length is {max_length}; divide it, remove it, "
                "or raise max_length (None takes all)."
            )
        bad = illegal_steps(each.tags, scheme)
        if bad and refuse:
            before = each.tags[bad[0] - 1] if bad[0] else "the beginning"
            raise ValueError(
                f"{each.path}, line {each.lines[bad[0]]}: {each.tags[bad[0]]} of {each.words[bad[0]]!r}, behind "
                f"{before}, is not legal in {scheme}; correct it, or set illegal='repair'."
            )
        repaired += len(bad)
        tags.append(each.tags if scheme == "none" else convert(each.tags, scheme, learn))
    return Prepared([each.words for each in sentences], tags, [each.intent for each in sentences], repaired)


def labels_of(parts: dict[str, Prepared], scheme: str) -> tuple[list[str], list[str]]:
    """Every tag to tell apart, and what no training sentence has: tags, or types where the tags mark spans.

    A type of spans brings all its tags, as those of a short sample may lack one.
    """
    trained = distinct(parts["train"].tags)
    every = distinct(tags for part in parts.values() for tags in part.tags)
    if scheme == "none":
        return every, [tag for tag in every if tag not in trained]
    types, known = (
        list(dict.fromkeys(split_tag(tag, scheme)[1] for tag in tags if tag != "O")) for tags in (every, trained)
    )
    return all_tags(sorted(types), scheme, "O" in every), [kind for kind in types if kind not in known]


def distinct(rows: Iterable[Iterable[str]]) -> list[str]:
    """The different strings of all rows, sorted."""
    return sorted({each for row in rows for each in row})


def digest(parts: dict[str, Prepared]) -> bytes:
    """A digest of all sentences, tags and intents."""
    total = hashlib.sha256()
    for split, part in parts.items():
        total.update(repr((split, part.words, part.tags, part.intents)).encode())
    return total.digest()
