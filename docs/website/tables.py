"""The page of all tables, those that still lack rows among them, and the gallery of all pictures."""

from __future__ import annotations

import re
from pathlib import Path

from speed_rows import table

from rnnzoo.bench.table import list_tables, load_table
from website.links import ROOT
from website.text import cell

GENERATED = ROOT / "docs" / "generated"


def tables_page() -> str:
    """Every table of the package: its title, and its page where it has rows."""
    made, missing = [], []
    for name in list_tables():
        title = cell(load_table(name).title)
        if (GENERATED / f"{name}.md").is_file():
            csv = f"[CSV](../generated/{name}.csv)"
            made.append((f"[{title}](../generated/{name}.md)", csv, f"`rnnzoo bench run {name}`"))
        else:
            missing.append((title, f"`rnnzoo bench run {name}`"))
    parts = [
        "# Tables",
        "Every number is rendered from rows that the harness wrote, each with its settings, seed, versions and commit; "
        "a run that is there is not repeated. A click on a column's head sorts by it. "
        "[All pictures on one page](../gallery.md).",
        table(["table", "numbers", "again"], made),
    ]
    if missing:
        parts += ["## Without rows so far", table(["table", "command"], missing)]
    return "\n\n".join(parts) + "\n"


def gallery_page() -> str:
    """Every picture of docs/generated, with its caption, and the page it belongs to."""
    figures = []
    for name, (page, said) in pictures().items():
        where = _title(page)
        caption = f"[{where}]({page})" if said == where else f"{said}<br>[{where}]({page})"
        figures.append(
            f"<figure markdown>\n[![{said}](generated/{name}){{ loading=lazy }}]({page})\n"
            f"<figcaption markdown>{caption}</figcaption>\n</figure>"
        )
    head = "# Gallery\n\nThe pictures of all experiments; each leads to its table, with the numbers and the command."
    return (
        f"---\nhide: [toc]\n---\n{head}\n\n"
        + '<div class="gallery" markdown>\n\n'
        + "\n\n".join(figures)
        + "\n\n</div>\n"
    )


def pictures() -> dict[str, tuple[str, str]]:
    """Of each picture, the page that shows it (a table's own page first) and its caption.

    Raises:
        ValueError: a picture that no page shows.
    """
    found: dict[str, tuple[str, str]] = {}
    captions = dict(reversed(pair) for pair in _shown(ROOT / "README.md"))
    pages = [*sorted(GENERATED.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
    shown = [(page, *pair) for page in pages for pair in _shown(page)]
    for path in sorted(GENERATED.glob("*.png")):
        page, said = next(((page, said) for page, said, name in shown if name == path.name), (None, ""))
        if page is None:
            raise ValueError(f"docs/generated/{path.name} is shown by no page; show it, or delete it.")
        place = page.relative_to(ROOT / "docs").as_posix() if page.is_relative_to(ROOT / "docs") else "readme.md"
        found[path.name] = (place, captions.get(path.name) or _words(said))
    return found


def _shown(page: Path) -> list[tuple[str, str]]:
    """Captions and names of the pictures of docs/generated that a page shows."""
    return re.findall(r"!\[([^\]]*)\]\((?:\S*/)?([\w-]+\.png)\)", page.read_text(encoding="utf-8"))


def _words(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def _title(page: str) -> str:
    path = ROOT / "README.md" if page == "readme.md" else ROOT / "docs" / page
    return path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
