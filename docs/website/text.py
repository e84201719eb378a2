"""Pieces of Markdown: escaped prose, code, and the docstrings of architectures, whose equations keep their lines."""

from __future__ import annotations

import re

from rnnzoo.registry.signatures import parameters_of

_SPECIAL = re.compile(r"([\\*_<>\[\]|#~&])")
_EQUATION = re.compile(r"^\s*\S[^.]{0,44}?\s(=|<-)\s|^\s{2,}\S|\S\s{4,}\S|^\w+\s?: .*\(.*\)", re.MULTILINE)


def escaped(prose: str) -> str:
    """Prose of a docstring, in which nothing but ``code`` and `code` has a meaning."""
    parts = re.split(r"(``.+?``|`[^`]+`)", prose)
    return "".join(
        part if part[:1] == "`" else _SPECIAL.sub(lambda found: f"&#{ord(found[1])};", part) for part in parts
    )


def cell(prose: str) -> str:
    """Prose for a cell of a table."""
    return escaped(" ".join(prose.split()))


def with_address(prose: str) -> str:
    """Prose for a cell of a table, with an address at its end or none."""
    before, found, address = prose.rpartition("http")
    return f"{cell(before)} <http{address}>".strip() if found and " " not in address else cell(prose)


def equations(docstring: str) -> str:
    """A docstring as Markdown: its paragraphs of equations keep their lines, the others are prose.

    A paragraph is one of equations if a line of it defines something, is indented or has a remark at a distance.
    """
    parts = [part for part in docstring.strip().split("\n\n") if part.strip()]
    shown = [
        f"```text\n{part.rstrip()}\n```"
        if i and _EQUATION.search(part) and not part.startswith("Source")
        else escaped(part)
        for i, part in enumerate(parts)
    ]
    return "\n\n".join(shown)


def fenced(code: str, language: str, title: str = "") -> str:
    """A block of code."""
    ticks = "`" * max(3, *(len(run) + 1 for run in re.findall(r"^`{3,}", code, re.MULTILINE)), 3)
    name = f' title="{title}"' if title else ""
    return f"{ticks}{language}{name}\n{code.rstrip()}\n{ticks}"


def signature(target: type) -> str:
    """What a class's constructor takes, its bases' arguments too, each with its default: a block of code."""
    given = []
    for name, parameter in parameters_of(target).items():
        kind = "" if parameter.annotation is parameter.empty else f": {parameter.annotation}"
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        given.append(f"    {name}{kind}{default},\n")
    return fenced(f"{target.__name__}(\n{''.join(given)})", "python")
