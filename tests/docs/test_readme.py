import re

import pytest
from pages import PAGES, ROOT, anchors, code_blocks, links

from rnnzoo.pretrained import list_pretrained

TRAINS = ("Trainer(", ".fit(")
README = ROOT / "README.md"


def test_there_are_pages_to_check():
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "docs/index.md", "docs/add-a-layer.md", "docs/dependencies.md"} <= names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page):
    broken = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "docs"], ids=lambda page: page.name)
def test_every_page_of_the_guide_is_on_its_map(page):
    index = ROOT / "docs" / "index.md"
    assert page == index or page.name in links(index)


QUICK = [code for code in code_blocks(README, "python") if not any(word in code for word in TRAINS)]


def test_the_readme_has_code_to_run():
    assert len(QUICK) >= 2


@pytest.mark.parametrize("code", QUICK, ids=[f"block{i}" for i in range(len(QUICK))])
def test_a_python_block_of_the_readme_runs(code):
    exec(compile(code, str(README), "exec"), {"__name__": "readme"})


def test_the_models_the_pages_load_by_name_are_shipped():
    named = {name for page in PAGES for name in re.findall(r'load_pretrained\("([\w-]+)"\)', page.read_text())}
    assert named <= set(list_pretrained())
