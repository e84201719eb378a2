"""Files of columns: a step a line, sentences between blank lines; CoNLL-2000, CoNLL-2003, CoNLL-U, MSRA, Weibo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rnnzoo.data._files import DamagedFile
from rnnzoo.data._tables import read_text
from rnnzoo.data._tagged_sentences import TaggedSentence
from rnnzoo.tag_schemes import split_tag

CONLL_U = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
"""The columns of CoNLL-U (universaldependencies.org/format.html); a line "# global.columns = ..." names others."""
DOCUMENT = "-DOCSTART-"
SEPARATORS = {"tab": re.compile(r"\t"), "blanks": re.compile(r"[ \t]+")}  # ASCII alone: U+3000 and the like are steps
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.*)")
_RANGE_OR_EMPTY = re.compile(r"\d+[-.]\d+")


class Columns(NamedTuple):
    """How a file's columns are to be read.

    word, tag: the number of the column, from 0, or from the end with -1; or, in CoNLL-U, its name.
    separator: "tab", "blanks" (any run of them), or ``None``: tabs where the file has one in a line with words.
    comment: lines that begin so are left out (``None``: there are none; with names, "#").
    scheme: of the tags; every tag is checked against it.
    """

    word: int | str = 0
    tag: int | str = -1
    separator: str | None = None
    comment: str | None = None
    scheme: str = "none"


def read_columns(path: Path, columns: Columns) -> list[TaggedSentence]:
    """All sentences of a file, in its order.

    Lines of blanks end a sentence, and so does -DOCSTART-, which is none itself. Where columns have names, the ranges
    (1-2) and empty nodes (1.1) of CoNLL-U are left out: they are no words of the sentence.

    Raises:
        MissingData: there is no such file.
        DamagedFile: not UTF-8, or a line with another number of columns than the first, or without a word or a tag.
        ValueError: no such column or separator, a tag that is none of the scheme, or no sentence at all.
    """
    if columns.separator is not None and columns.separator not in SEPARATORS:
        raise ValueError(f"separator is {columns.separator!r}; expected {' or '.join(SEPARATORS)}, or None.")
    sentences: list[TaggedSentence] = []
    now = TaggedSentence([], [], str(path), [])
    for line, found in _fields(path, read_text(path), columns):
        if found is None:
            if now.words:
                sentences.append(now)
                now = TaggedSentence([], [], str(path), [])
            continue
        word, tag = found
        for what, value in (("word", word), ("tag", tag)):
            if not value:
                raise DamagedFile(f"{path}, line {line}: the {what} is empty; expected one in every line with columns.")
        if columns.scheme != "none":
            try:
                split_tag(tag, columns.scheme)
            except ValueError as error:
                raise ValueError(f"{path}, line {line}: {error}") from error
        now.words.append(word)
        now.tags.append(tag)
        now.lines.append(line)
    if now.words:
        sentences.append(now)
    if not sentences:
        raise ValueError(f"{path} has no sentence; expected lines with a word and a tag, and blank lines between.")
    return sentences


def _fields(path: Path, content: str, columns: Columns) -> Iterator[tuple[int, tuple[str, str] | None]]:
    """The number of each line, and its word and tag, or ``None`` where a sentence ends."""
    named = isinstance(columns.word, str) or isinstance(columns.tag, str)
    comment = columns.comment or ("#" if named else None)
    lines = [line.removesuffix("\r") for line in content.split("\n")]
    split = SEPARATORS[columns.separator or ("tab" if any("\t" in each.strip(" \t") for each in lines) else "blanks")]
    names: tuple[str, ...] = CONLL_U
    places: tuple[int, int] | None = None
    width = first = 0
    for line, text in enumerate(lines, start=1):
        if comment is not None and text.startswith(comment):
            given = _GLOBAL_COLUMNS.fullmatch(text)
            names = tuple(given[1].split()) if given and places is None else names
            continue
        if not text.strip(" \t") or text.startswith(DOCUMENT):
            yield line, None
            continue
        fields = split.split(text if split is SEPARATORS["tab"] else text.strip(" \t"))
        if places is None:
            width, first = len(fields), line
            places = (
                _place("word", columns.word, names, width, path, line),
                _place("tag", columns.tag, names, width, path, line),
            )
        if len(fields) != width:
            raise DamagedFile(
                f"{path}, line {line}: {len(fields)} column(s), but line {first} has {width}; expected as many "
                f"in every line, divided by {'tabs' if split is SEPARATORS['tab'] else 'blanks'}."
            )
        if named and _RANGE_OR_EMPTY.fullmatch(fields[0]):
            continue
        yield line, (fields[places[0]], fields[places[1]])


def _place(role: str, column: int | str, names: tuple[str, ...], width: int, path: Path, line: int) -> int:
    """The number of a column."""
    where = f"{path}, line {line}: "
    if isinstance(column, int):
        if not -width <= column < width:
            raise ValueError(f"{where}{width} column(s), no column {column}; set {role}_column to one that there is.")
        return column
    if len(names) != width:
        raise ValueError(
            f"{where}{width} column(s), and the names {' '.join(names)} are {len(names)}; give the column's number, "
            'or name all columns in a first line "# global.columns = ...".'
        )
    if column not in names:
        raise ValueError(f"{where}no column {column!r}; set {role}_column to one of {', '.join(names)}.")
    return names.index(column)
