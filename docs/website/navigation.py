"""The navigation: the sections of the guide's map in docs/index.md, in its order, and the pages that are made."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Any

from architectures import layers_by_kind

from website.links import ROOT, destination

INDEX = ROOT / "docs" / "index.md"
MARK = re.compile(r"^<!-- site: (\w+) -->(?:\n\n(\| page \| for \|\n\|---\|---\|))?$", re.MULTILINE)
_MADE = {
    "zoo": (
        ("Tasks", "tasks/index.md", "each with the data it takes, its metrics and options"),
        ("Data", "data/index.md", "each dataset with its kind, licence, source and options"),
        ("Recipes", "recipes/index.md", "known-good configurations of named models"),
        ("Pretrained models", "models.md", "the weights that come with the package, and what they measure"),
    ),
    "measured": (
        ("Tables", "tables/index.md", "every result, rendered from rows, and the command that makes it again"),
        ("Gallery", "gallery.md", "the pictures of all experiments"),
    ),
    "reference": (
        ("API", "api/index.md", "every public module, from its docstrings"),
        ("Command line", "command-line.md", "the help texts of every command"),
    ),
}
"""The lines of the map that only the site has: their pages are made when it is built."""


def with_made_pages(index: str) -> str:
    """The map with the lines of the pages that the site alone has, in the table before or behind which a mark is."""

    def lines(found: re.Match[str]) -> str:
        made = [f"| [{title}]({page}) | {said} |" for title, page, said in _MADE[found[1]]]
        return "\n".join([found[2], *made] if found[2] else made)

    return MARK.sub(lines, index)


def navigation(pages: Iterable[str]) -> list[dict[str, Any]]:
    """What MkDocs takes as ``nav``: the map's sections, folders of made pages below their index."""
    pages = list(pages)
    sections = re.split(r"^### (.+)$", INDEX.read_text(encoding="utf-8"), flags=re.MULTILINE)
    nav: list[dict[str, Any]] = [{"Start": "index.md"}]
    for title, text in zip(sections[1::2], sections[2::2], strict=True):
        entries: list[dict[str, Any]] = []
        for words, link in re.findall(r"^\| \[([^\]]+)\]\(([^)\s]+)\)", with_made_pages(text), re.MULTILINE):
            made = link in {place for lines in _MADE.values() for _, place, _ in lines}
            place = link if made else destination(posixpath.normpath(posixpath.join("docs", link)))
            entries.append({words: _below(place, pages)})
        nav.append({title: entries})
    return nav


def _below(place: str, pages: list[str]) -> Any:
    """A page alone, or with the pages that stand below it."""
    if place == "architectures.md":
        return [place, *_architectures()]
    if place == "tables/index.md":
        return [place, *(page for page in pages if page.startswith("generated/") and page.endswith(".md"))]
    if place == "api/index.md":
        rooms: dict[str, list[str]] = {}
        for page in pages:
            if page.startswith("api/") and page != place:
                rooms.setdefault(page.split("/")[1].removesuffix(".md"), []).append(page)
        return [
            place,
            *({room: sorted(of, key=_index_first) if of[1:] else of[0]} for room, of in sorted(rooms.items())),
        ]
    if place.endswith("/index.md"):
        folder = place.removesuffix("index.md")
        return [place, *sorted(page for page in pages if page.startswith(folder) and page != place)]
    return place


def _index_first(page: str) -> tuple[bool, str]:
    return not page.endswith("/index.md"), page


def _architectures() -> list[dict[str, list[str]]]:
    return [
        {f"{kind.capitalize()} ({len(entries)})": [f"layers/{entry.name}.md" for entry in entries]}
        for kind, entries in layers_by_kind().items()
    ]
