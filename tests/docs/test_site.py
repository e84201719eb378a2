"""What the site is made of: every page is in its navigation, every link leads somewhere, every example runs.

The site itself is built and looked at by commands of their own (CONTRIBUTING.md); this needs no MkDocs.
"""

import posixpath
import re
import sys

import pytest
from pages import ROOT, anchors_of, links_of

from rnnzoo.registry import DATA, LAYERS, TASKS
from rnnzoo.registry.places import is_own

DOCS = ROOT / "docs"
OWN = [entry for entry in LAYERS.entries() if is_own(entry.target)]


@pytest.fixture(scope="module")
def site():
    """The modules of docs/website, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(DOCS), *sys.path])
        from website import layers, links, navigation, reference, registries, tables, text

        yield {
            m.__name__.rpartition(".")[2]: m for m in (layers, links, navigation, reference, registries, tables, text)
        }


@pytest.fixture(scope="module")
def made(site):
    """The pages that are made, by their places."""
    pages = site["layers"].layer_pages() | site["registries"].registry_pages() | site["reference"].api_pages()
    pages |= {"tables/index.md": site["tables"].tables_page(), "gallery.md": site["tables"].gallery_page()}
    return pages | {"command-line.md": site["reference"].command_page()}


@pytest.fixture(scope="module")
def written(site):
    """The pages that are written, by their places on the site."""
    pages = {path.relative_to(DOCS).as_posix(): path for path in DOCS.rglob("*.md")}
    pages |= {there: ROOT / name for name, there in site["links"].ROOT_PAGES.items()}
    return {place: path.read_text(encoding="utf-8") for place, path in pages.items()}


def leaves(nav):
    if isinstance(nav, str):
        return [nav]
    below = nav.values() if isinstance(nav, dict) else nav
    return [leaf for entry in below for leaf in leaves(entry)]


def test_every_page_is_in_the_navigation_once(site, made, written):
    found = leaves(site["navigation"].navigation([*written, *made]))
    assert sorted(found) == sorted({*written, *made})


def test_every_link_leads_to_a_page_or_a_file_and_to_an_anchor_that_is_there(site, made, written):
    pages = {place: site["links"].rewritten(text, place) for place, text in (written | made).items()}
    pages["index.md"] = site["links"].rewritten(site["navigation"].with_made_pages(written["index.md"]), "index.md")
    broken = []
    for page, text in pages.items():
        for link in links_of(text):
            target, _, anchor = link.partition("#")
            place = posixpath.normpath(posixpath.join(posixpath.dirname(page), target)) if target else page
            if re.match("[a-z]+:", link):
                continue
            if place.startswith("source/"):
                source = place.removeprefix("source/").removesuffix("/index.md").removesuffix(".md")
                there = (ROOT / source).exists()
            else:
                there = place in pages or (DOCS / place).is_file()
            if not there or (anchor and place in pages and anchor not in anchors_of(pages[place])):
                broken.append((page, link))
    assert broken == []


def test_everything_that_is_registered_has_its_page(made):
    assert {f"layers/{entry.name}.md" for entry in OWN} <= set(made)
    assert {f"tasks/{entry.name}.md" for entry in TASKS.entries() if is_own(entry.target)} <= set(made)
    assert {f"data/{entry.name}.md" for entry in DATA.entries() if is_own(entry.target)} <= set(made)


def test_every_picture_is_in_the_gallery(made):
    shown = re.findall(r"\]\(generated/([\w-]+\.png)\)", made["gallery.md"])
    assert sorted(shown) == sorted(path.name for path in (DOCS / "generated").glob("*.png"))


def test_the_equations_of_every_architecture_keep_their_lines(made):
    for entry in OWN:
        said = sys.modules[entry.target.__module__].__doc__.partition("Source")[0].splitlines()
        equations = [line for line in said if re.match(r"[a-z]_t = ", line)]
        fenced = "\n".join(
            re.findall(r"^```text\n(.*?)^```$", made[f"layers/{entry.name}.md"], re.M | re.S)
        ).splitlines()
        assert fenced, entry.name
        assert set(equations) <= set(fenced), entry.name


def test_prose_of_a_docstring_has_no_marks_of_markdown_but_code(site):
    escaped = site["text"].escaped("a * b_t <- [x](y) |z| and ``c*d``")
    assert not set("*_<[]|") & set(escaped.replace("``c*d``", ""))
    assert "``c*d``" in escaped


@pytest.mark.parametrize("kind", sorted({entry.kind for entry in OWN}))
def test_the_example_of_every_architecture_runs(site, kind, monkeypatch):
    monkeypatch.setenv("RNNZOO_NATIVE", "0")  # the equations themselves: nothing is compiled for it
    for entry in (entry for entry in OWN if entry.kind == kind):
        space = {}
        exec(site["layers"].example(entry), space)
        assert space["y"].shape[:2] == (2, 10), entry.name
