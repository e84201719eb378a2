"""Pieces of HTML that the pages share: tables that can be sorted and filtered, links, the frame around it all."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from string import Template
from typing import NamedTuple

from rnnzoo.figures.ranking import KINDS

WITHOUT, PUBLISHED = "no recurrence", "published"
ORDER = (*KINDS, WITHOUT, PUBLISHED)
"""What a line can be filtered by, in this order."""
SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
TIME = re.compile(r"(?:([\d.]+) h ?)?(?:([\d.]+) (ms|s|min))?$")
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


class Head(NamedTuple):
    """A column's heading, and whether it is of numbers."""

    text: str
    numeric: bool = False


class Row(NamedTuple):
    """A line of a table: its cells, as text or as HTML, and the kind that it is filtered by ("": none)."""

    cells: Sequence[str | Html]
    kind: str = ""


class Html(str):
    """Text that is HTML already."""


def kind_cell(kind: str) -> Html:
    """A kind behind a dot of its colour."""
    return Html(f'<span class="dot {kind.split()[0]}"></span>{html.escape(kind)}')


def sort_value(text: str) -> float | None:
    """The number that a cell is sorted by: the first in it, a time in seconds; None where it begins with none.

    ``0.500 ± 0.354`` is 0.5, ``1,234`` is 1234, ``3 h 20 min`` is 12000.
    """
    text = text.strip()
    time = TIME.fullmatch(text)
    if text and time:
        hours, rest, unit = time.groups()
        return 3600 * float(hours or 0) + (float(rest) * SECONDS[unit] if rest else 0.0)
    number = NUMBER.match(text)
    return float(number[0].replace(",", "")) if number else None


def link(address: str, text: str) -> Html:
    """A link."""
    return Html(f'<a href="{html.escape(address, quote=True)}">{html.escape(text)}</a>')


def code(text: str) -> Html:
    """Code within a line."""
    return Html(f"<code>{html.escape(text)}</code>")


def escaped(cell: str | Html) -> str:
    """The cell as HTML."""
    return cell if isinstance(cell, Html) else html.escape(cell)


def table(heads: Sequence[Head], rows: Sequence[Row], caption: str, *, filtered: bool = False) -> str:
    """A table in a box of its own width that can be sorted by each column, and filtered by the rows' kinds."""
    head = "".join(f'<th scope="col"{_class(each)}>{html.escape(each.text)}</th>' for each in heads)
    body = "\n".join(_row(heads, row) for row in rows)
    words = html.escape(caption, quote=True)
    controls = _filter(rows) if filtered else ""
    return (
        f'<div class="table">{controls}<div class="wide" role="region" aria-label="{words}" tabindex="0">\n'
        f'<table class="sortable"><caption class="unseen">{words}</caption><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div></div>"
    )


def _row(heads: Sequence[Head], row: Row) -> str:
    cells = []
    for number, (head, cell) in enumerate(zip(heads, row.cells, strict=True)):
        value = sort_value(html.unescape(re.sub("<[^>]*>", "", cell))) if head.numeric else None
        sort = "" if value is None else f' data-value="{value:.12g}"'
        tag = 'th scope="row"' if number == 0 else "td"
        cells.append(f"<{tag}{_class(head)}{sort}>{escaped(cell)}</{tag[:2]}>")
    kind = f' data-kind="{html.escape(row.kind, quote=True)}"' if row.kind else ""
    return f"<tr{kind}>{''.join(cells)}</tr>"


def _class(head: Head) -> str:
    return ' class="number"' if head.numeric else ""


def _filter(rows: Iterable[Row]) -> str:
    """Boxes for the kinds there are, and a field for names; the script shows them, as nothing works without it."""
    count = Counter(row.kind for row in rows if row.kind)
    boxes = "".join(
        f'<label><input type="checkbox" value="{kind}" checked> {kind_cell(kind)} '
        f'<span class="soft">{count[kind]}</span></label>'
        for kind in ORDER
        if kind in count
    )
    return (
        '<form class="filter" hidden><fieldset><legend>Recurrence</legend>'
        f'{boxes}</fieldset><label class="find">Name <input type="search" placeholder="lstm, gru"></label>'
        '<output class="soft"></output></form>'
    )


def figure(address: str, words: str, told: str) -> str:
    """A picture: ``words`` below it, ``told`` for those who do not see it."""
    return (
        f'<figure><img src="{html.escape(address, quote=True)}" alt="{html.escape(told, quote=True)}" loading="lazy">'
        f"<figcaption>{html.escape(words)}</figcaption></figure>"
    )


def listed(items: Sequence[str | Html]) -> str:
    """A list."""
    return f"<ul>{''.join(f'<li>{escaped(item)}</li>' for item in items)}</ul>"


def page(title: str, content: str, *, root: str = "") -> str:
    """A whole page; ``root`` leads from it to the folder of the front page."""
    return Template(template("site.html")).substitute(title=html.escape(title), content=content, root=root)


@cache
def template(name: str) -> str:
    """A file of the package's templates."""
    return (resources.files("rnnzoo.bench") / "templates" / name).read_text(encoding="utf-8")
