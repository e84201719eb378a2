"""The repository's Markdown pages and what is in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")


def code_blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return [code for kind, code in _BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


def files_shown(page: Path) -> dict[str, str]:
    """The files that a page shows whole, by path."""
    return dict(_FILE.findall(page.read_text(encoding="utf-8")))


def links(page: Path) -> list[str]:
    """The targets of its links, those in code aside."""
    return links_of(page.read_text(encoding="utf-8"))


def links_of(text: str) -> list[str]:
    """As ``links``, of a page's text."""
    return _LINK.findall(_BLOCK.sub("", text))


def anchors(page: Path) -> set[str]:
    """The anchors of its headings, as GitHub makes them."""
    return anchors_of(page.read_text(encoding="utf-8"))


def anchors_of(text: str) -> set[str]:
    """As ``anchors``, of a page's text."""
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
