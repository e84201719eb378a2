"""What MkDocs calls while it builds the site: pages are made, links lead where they do in the repository."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from website.layers import layer_pages, with_links
from website.links import ROOT, ROOT_PAGES, outside_code, rewritten, source_page, sources_linked
from website.navigation import navigation, with_made_pages
from website.reference import api_pages, command_page
from website.registries import registry_pages
from website.tables import gallery_page, tables_page

WIDE = 8
"""A table of as many columns gets the room of the page's own contents."""

_LIST = re.compile(r"(^(?!\s*(?:[-*+]|\d+\.)\s|\s|\||#|<|>)[^\n]+\n)(?=(?:[-*+]|1\.) )", re.MULTILINE)
_UNSEARCHED = re.compile(r"layers/.*#(in-use|options)$")
_FILE = re.compile(r"<!-- file: (\S+) -->\n```python\n")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and those of the files they link to; the navigation has them all."""
    made = {there: (ROOT / name).read_text(encoding="utf-8") for name, there in ROOT_PAGES.items()}
    made |= layer_pages() | registry_pages() | api_pages()
    made |= {"tables/index.md": tables_page(), "gallery.md": gallery_page(), "command-line.md": command_page()}
    written = {file.src_uri: file.content_string for file in files.documentation_pages()}
    linked = {path for page, text in (written | made).items() for path in sources_linked(text, page)}
    for path in linked:
        made[f"source/{path}/index.md" if (ROOT / path).is_dir() else f"source/{path}.md"] = source_page(path)
    for place, text in made.items():
        files.append(File.generated(config, place, content=text))
    config.nav = navigation([*written, *made])
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page as Python's Markdown reads it, with the links of the site."""
    place = page.file.src_uri
    if place.startswith("source/"):
        return markdown
    if place == "index.md":
        markdown = with_made_pages(markdown)
    if place == "architectures.md":
        markdown = with_links(markdown)
    if any(line.count("|") > WIDE for line in markdown.splitlines() if line.startswith("| ---")):
        page.meta["hide"] = ["toc"]
    markdown = _FILE.sub(r'```python title="\1"\n', rewritten(markdown, place))
    return outside_code(lambda text: _LIST.sub(r"\1\n", text), markdown)


def on_post_build(config: MkDocsConfig) -> None:
    """What is searched: of the API's pages the headings alone, of the architectures' not what all of them have.

    A browser makes its index of this text when a page is opened, in a second; of all text it would take half a minute.
    """
    path = Path(config.site_dir) / "search" / "search_index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    docs = [doc for doc in index["docs"] if not _UNSEARCHED.match(doc["location"])]
    index["docs"] = [{**doc, "text": ""} if doc["location"].startswith("api/") else doc for doc in docs]
    path.write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
    (Path(config.site_dir) / "404.html").unlink()  # its links begin at a server's root, and there is no server
