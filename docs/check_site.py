"""Look at the built site in a real browser: ``python docs/check_site.py`` (Debian's chromium and chromium-driver).

Every page of build/site is opened as a file, so nothing can be fetched from anywhere, and again as wide as a telephone
(but those of source files).
No page may write an error to the console, ask for anything that is not a file, show a broken picture, have a link or an
anchor that leads nowhere, be wider than a telephone, or have a table that does not sort by the head that is clicked.
The search has to find something. ``--shots DIR`` keeps pictures of the main pages.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from website.browser import Browser

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "site"
MAIN = ("index", "architectures", "layers/lstm", "data/index", "tables/index", "generated/imdb", "gallery", "api/index")
WIDE, NARROW = (1366, 900), (390, 844)  # a screen, a telephone
WORD = "minGRU"

LOOK = """
const done = arguments[arguments.length - 1];
const pictures = [...document.images];
pictures.forEach((one) => { one.loading = "eager"; });
Promise.all(pictures.map((one) => one.decode().then(() => null, () => one.src))).then((broken) => done({
  broken: broken.filter(Boolean),
  links: [...document.querySelectorAll("a[href]")].map((one) => one.href),
  fetched: performance.getEntriesByType("resource").map((one) => one.name)
    .filter((name) => !/^(file|data|blob):/.test(name)),
  width: document.documentElement.scrollWidth,
}));
"""
SORT = """
const found = [];
document.querySelectorAll(".md-content table").forEach((table, number) => {
  if (table.closest("[hidden]") || !table.tBodies.length) return;
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = head.querySelector("button.sort");
    if (!button) return;
    const read = () => [...table.tBodies[0].rows].filter((row) => !/^reference/.test(row.cells[0].textContent))
      .map((row) => row.cells[column] ? row.cells[column].textContent.trim() : "");
    const before = read();
    button.click();
    const up = [head.getAttribute("aria-sort"), read()];
    button.click();
    found.push({ table: number, head: head.textContent, before, up, down: [head.getAttribute("aria-sort"), read()] });
  });
});
return found;
"""
SEARCH = """
const [word, done] = [arguments[0], arguments[arguments.length - 1]];
const box = document.querySelector("input.md-search__input");
document.querySelector("#__search").click(); // as a file, a page makes its index when the search is opened
box.focus();
box.value = word;
box.dispatchEvent(new Event("keyup", { bubbles: true }));
const begin = Date.now();
(function look() {
  const results = [...document.querySelectorAll(".md-search-result__link")].map((one) => one.href);
  if (results.length || Date.now() - begin > 20000) done(results); else setTimeout(look, 100);
})();
"""


class _Anchors(HTMLParser):
    """The ids of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids |= {value for name, value in attrs if value and (name == "id" or (tag == "a" and name == "name"))}


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page, as its file has them."""
    reader = _Anchors()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader.ids


def dead(links: list[str]) -> Iterator[str]:
    """The links to files that are not there, or to anchors that they do not have; those of the web are not followed."""
    for link in sorted(set(links)):
        parts = urlsplit(link)
        if parts.scheme != "file":
            continue
        target = Path(unquote(parts.path))
        anchor = unquote(parts.fragment) if target.suffix == ".html" else ""
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            yield link


def number(text: str) -> float | None:
    """The number that a cell begins with; None where it begins with something else, or with a time of some unit."""
    word = text.split()[0].replace(",", "").replace("−", "-") if text.split() else ""
    try:
        return None if text.endswith((" s", "ms", "min", "h", "days")) else float(word)
    except ValueError:
        return None


def unsorted(table: dict[str, object]) -> str | None:
    """What is wrong with a column after its head was clicked twice; None where nothing is.

    Nothing may come or go, what is empty stands last, and columns of numbers alone are in their order.
    """
    for turn, (said, cells) in ((1, table["up"]), (-1, table["down"])):  # type: ignore[misc]
        where = f"table {table['table']}, column {table['head']!r}"
        if said != ("ascending" if turn > 0 else "descending"):
            return f"{where}: aria-sort is {said!r} after a click"
        if sorted(cells) != sorted(table["before"]):  # type: ignore[call-overload]
            return f"{where}: sorting has lost or doubled a cell"
        full = [cell for cell in cells if cell]
        if cells[: len(full)] != full:
            return f"{where}: an empty cell stands before a full one"
        numbers = [number(cell) for cell in full]
        if None not in numbers and numbers != sorted(numbers, reverse=turn < 0):  # type: ignore[type-var]
            return f"{where}: not in order: {full[:8]}"
    return None


def faults(browser: Browser, page: Path, narrow: bool) -> tuple[list[str], int]:
    """What is wrong with a page, and how many columns were sorted."""
    browser.open(page.as_uri())
    seen = browser.run_async(LOOK)
    found = [f"console: {entry}" for entry in browser.console()]
    found += [f"fetched from elsewhere: {name}" for name in seen["fetched"]]
    found += [f"broken picture: {name}" for name in seen["broken"]]
    if narrow:
        return found + ([f"{seen['width']} pixels wide"] if seen["width"] > NARROW[0] else []), 0
    found += [f"dead link: {link}" for link in dead(seen["links"])]
    columns = browser.run(SORT)
    return found + [wrong for column in columns if (wrong := unsorted(column))], len(columns)


def main() -> int:
    """Look at every page, wide and narrow; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", help="pages such as layers/lstm; otherwise all")
    parser.add_argument("--shots", type=Path, help="a folder for pictures of the main pages")
    options = parser.parse_args()
    pages = [SITE / f"{name}.html" for name in options.pages] or sorted(SITE.rglob("*.html"))
    if not pages or not all(page.is_file() for page in pages):
        print(f"there is no such page under {SITE}; `mkdocs build` makes them")
        return 2
    wrong, columns = 0, 0
    for size in (WIDE, NARROW):
        with Browser(*size) as browser:
            for page in pages if size is WIDE else [page for page in pages if not page.is_relative_to(SITE / "source")]:
                name = page.relative_to(SITE).as_posix()
                found, sorted_here = faults(browser, page, narrow=size is NARROW)
                columns += sorted_here
                wrong += len(found)
                print("\n".join(f"{name}: {fault}" for fault in found), end="\n" * bool(found), flush=True)
                if options.shots and name.removesuffix(".html") in MAIN:
                    options.shots.mkdir(parents=True, exist_ok=True)
                    browser.open(page.as_uri())
                    shot = options.shots / f"{name.removesuffix('.html').replace('/', '-')}-{size[0]}.png"
                    shot.write_bytes(base64.b64decode(browser.picture()))
            if size is WIDE:
                browser.open((SITE / "index.html").as_uri())
                if not browser.run_async(SEARCH, WORD):
                    wrong += 1
                    print(f"index.html: the search finds nothing for {WORD}")
    print(f"{len(pages)} pages, {columns} columns sorted, {wrong} faults")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
