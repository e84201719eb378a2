"""Where a link of a Markdown page leads on the site: to a page, a picture, or the page of a file of the repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path

from speed_rows import table

from website.text import fenced

ROOT = Path(__file__).resolve().parents[2]
ROOT_PAGES = {path.name: f"{path.stem.lower()}.md" for path in sorted(ROOT.glob("*.md"))}
"""The repository's pages outside docs, and where they stand on the site."""

FOLDERS = {"docs/generated": "tables/index.md"}
"""Folders of which the site has a page of its own."""

COPIED = (".md", ".png", ".csv")
LANGUAGES = {".py": "python", ".yaml": "yaml", ".cfg": "ini", ".toml": "toml", ".json": "json", ".md": "markdown"}

_FENCE = re.compile(r"(^(```+)[^\n]*\n.*?^\2$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()([^()\s]+)(?=\))")


def outside_code(change: Callable[[str], str], markdown: str) -> str:
    """A page with what stands outside its fenced blocks changed."""
    parts = re.split(_FENCE, markdown)  # text, block, its ticks, text, ...
    return "".join(change(part) if i % 3 == 0 else part for i, part in enumerate(parts) if i % 3 != 2)


def origin(page: str) -> str:
    """The repository's path of a page of the site."""
    return next((name for name, there in ROOT_PAGES.items() if there == page), f"docs/{page}")


def destination(path: str) -> str:
    """The page or file of the site that shows a path of the repository."""
    if path in ROOT_PAGES:
        return ROOT_PAGES[path]
    if path in FOLDERS:
        return FOLDERS[path]
    if path.startswith("docs/") and path.endswith(COPIED):
        return path.removeprefix("docs/")
    return f"source/{path}/index.md" if (ROOT / path).is_dir() else f"source/{path}.md"


def _target(link: str, page: str) -> tuple[str, str] | None:
    """The repository's path that a link means, and its anchor; None for one to the web or within the page."""
    path, _, anchor = link.partition("#")
    if not path or re.match(r"[a-z]+:", path):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(origin(page)), path)), anchor


def rewritten(markdown: str, page: str) -> str:
    """The page's Markdown with its links as they are on the site."""

    def change(found: re.Match[str]) -> str:
        target = _target(found[1], page)
        if target is None:
            return found[1]
        path = posixpath.relpath(destination(target[0]), posixpath.dirname(page) or ".")
        return f"{path}#{target[1]}" if target[1] else path

    return outside_code(lambda text: _LINK.sub(change, text), markdown)


def sources_linked(markdown: str, page: str) -> set[str]:
    """The paths of the repository that a page links to and that the site shows as code."""
    found: set[str] = set()

    def look(text: str) -> str:
        targets = [_target(link, page) for link in _LINK.findall(text)]
        found.update(t[0] for t in targets if t is not None and destination(t[0]).startswith("source/"))
        return text

    outside_code(look, markdown)
    return found


def source_page(path: str) -> str:
    """The page of a file or folder of the repository; nothing of it is searched, as the API's pages say the same.

    Raises:
        FileNotFoundError: a link leads to what is not there.
    """
    head = f"---\nsearch: {{exclude: true}}\n---\n# {path}\n\n"
    whole = ROOT / path
    if whole.is_dir():
        names = sorted(item.name + "/" * item.is_dir() for item in whole.iterdir() if item.name[0] not in "._")
        return head + "A folder of the repository.\n\n" + table(["name"], [[f"`{name}`"] for name in names]) + "\n"
    code = whole.read_text(encoding="utf-8")
    return head + fenced(code, LANGUAGES.get(whole.suffix, "text")) + "\n"
