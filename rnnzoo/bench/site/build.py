"""The whole site: built aside, and put in the place of the old one when it is whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rnnzoo.bench.collected import collect
from rnnzoo.bench.complete import progress
from rnnzoo.bench.errors import TableError
from rnnzoo.bench.site.front_page import front_page
from rnnzoo.bench.site.marks import template
from rnnzoo.bench.site.table_page import shown, write_table_page
from rnnzoo.bench.table import load_table
from rnnzoo.pretrained.whole_directory import whole_directory

FRONT = "index.html"
MARK = 'content="rnnzoo bench report --all"'  # what tells a site of ours from somebody's folder
SHARED = ("site.css", "site.js")


def build_site(
    results: Path, out: Path, own: Sequence[str] = (), *, said: Callable[[str], None] = lambda name: None
) -> Path:
    """Build the site of every table from the rows under ``results``, and put it at ``out``.

    It is built in a folder beside ``out``, which takes the place of the old site when it is whole: what stops the
    build leaves the old one as it was.

    Args:
        own: files of tables that are none of the package's.
        said: is told the name of each table before its page is made.

    Returns:
        The front page.

    Raises:
        NoRows: there is no row under ``results``.
        TableError: a row or a table is not what it has to be, or ``out`` is a folder of something else.
        MissingTrace: a picture needs what a run recorded, and it is not there.
    """
    check_place(out)
    collected = collect(results, own)
    files = {load_table(file).name: Path(file) for file in own}
    states = {name: progress(found.table, found.rows) for name, found in collected.items()}
    tables = {name: shown(found, states[name]) for name, found in collected.items() if found.rows}
    with whole_directory(out) as aside:
        (aside / "tables").mkdir()
        for name, one in tables.items():
            said(name)
            write_table_page(one, results, aside / "tables", file=files.get(name))
        for name in SHARED:
            (aside / name).write_text(template(name), encoding="utf-8")
        (aside / FRONT).write_text(front_page(collected, tables, states), encoding="utf-8")
    return out / FRONT


def check_place(out: Path) -> None:
    """Refuse to replace what is no site of ours.

    Raises:
        TableError: ``out`` is a file, or a folder of something else.
    """
    if out.is_dir():
        front = out / FRONT
        if not any(out.iterdir()) or (front.is_file() and MARK in front.read_text(encoding="utf-8", errors="replace")):
            return
        raise TableError(
            f"{out} is a folder of something else, which the site would replace; give --out a folder of its own."
        )
    if out.exists():
        raise TableError(f"{out} is a file; give --out a folder.")
