"""The reference: a page for each public module, and the help texts of the command line."""

from __future__ import annotations

import argparse
import ast
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from speed_rows import table

import rnnzoo
from rnnzoo.cli import build_parser
from website.text import cell, fenced

OWN_PAGES = ("layers", "tasks", "data")
"""Rooms whose members have pages of their own."""

PACKAGE = Path(rnnzoo.__file__).parent


def api_pages() -> dict[str, str]:
    """The pages of the API, by their places on the site: an index, one page a module, one index a room."""
    pages = {"api/index.md": _public_names(), "api/bases.md": _bases()}
    for room in _rooms():
        modules = list(_modules(room))
        if not modules:
            pages[f"api/{room}.md"] = _module(f"rnnzoo.{room}")
            continue
        pages |= {f"api/{room}/{name}.md": _module(f"rnnzoo.{room}.{name}") for name in modules}
        rows = [(f"[`{name}`]({name}.md)", cell(_said(f"rnnzoo.{room}.{name}"))) for name in modules]
        head = f"# rnnzoo.{room}\n\n{cell(_said(f'rnnzoo.{room}'))}"
        pages[f"api/{room}/index.md"] = f"{head}\n\n{table(['module', 'what is in it'], rows)}\n"
    return pages


def _rooms() -> list[str]:
    found = [module.name for module in pkgutil.iter_modules([str(PACKAGE)]) if not module.name.startswith("_")]
    return [name for name in found if name not in OWN_PAGES]


def _modules(room: str) -> Iterator[str]:
    """The public modules of a room that have something public in them."""
    if (PACKAGE / room).is_dir():
        for module in pkgutil.iter_modules([str(PACKAGE / room)]):
            if not module.name.startswith("_") and not module.ispkg:
                yield module.name


def _tree(module: str) -> ast.Module:
    path = PACKAGE.parent.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _said(module: str) -> str:
    """The first line of a module's docstring."""
    return (ast.get_docstring(_tree(module)) or "").partition("\n")[0]


def _module(name: str) -> str:
    return f"---\ntitle: {name.rpartition('.')[2]}\n---\n# {name}\n\n::: {name}\n"


def _public_names() -> str:
    """What ``rnnzoo.NAME`` is, and where it is described."""
    rows = []
    for name, where in sorted(rnnzoo._LAZY.items(), key=lambda item: item[0].lower()):
        module, _, path = where.partition(":")
        page = _page_of(module, path.partition(".")[0])
        rows.append((f"`rnnzoo.{name}`", page))
    parts = [
        "# API",
        "Made of the docstrings. Every architecture is an attribute of the package, too: `rnnzoo.LSTM` is described "
        "with [the architectures](../architectures.md), tasks and datasets with [theirs](../tasks/index.md).",
        "## What `rnnzoo` itself has",
        table(["name", "where it is from"], rows),
        "## Modules",
        table(["module", "what is in it"], [(_room_link(room), cell(_said(f"rnnzoo.{room}"))) for room in _rooms()]),
    ]
    return "\n\n".join(parts) + "\n"


def _bases() -> str:
    """What layers, tasks and datasets of one's own derive from: it stands in modules that are not public."""
    parts = ["# Bases", "What a layer, a task or a dataset of your own derives from, and what they are made of."]
    for name, where in sorted(rnnzoo._LAZY.items()):
        if where.split(".")[1] in OWN_PAGES:
            parts += [f"## {name}", f"::: {where.replace(':', '.')}\n    options:\n      heading_level: 3"]
    return "\n\n".join(parts) + "\n"


def _room_link(room: str) -> str:
    return f"[`rnnzoo.{room}`]({room}{'/index' if any(_modules(room)) else ''}.md)"


def _page_of(module: str, name: str) -> str:
    """A link to the page of the module that defines a name, followed through the imports of its package."""
    for node in _tree(module).body:
        if isinstance(node, ast.ImportFrom) and node.module and any(alias.name == name for alias in node.names):
            return _page_of(node.module, name)
    place = module.removeprefix("rnnzoo.").replace(".", "/")
    top = place.partition("/")[0]
    if top in OWN_PAGES:
        return f"[`{module}`](bases.md#{name.lower()})"
    known = any(place == f"{top}/{one}" for one in _modules(top))
    if known:
        return f"[`{module}`]({place}.md)"
    return _room_link(top)


def command_page() -> str:
    """The help texts of every command, as the command line prints them."""
    os.environ["COLUMNS"] = "100"  # what argparse wraps at
    parser = build_parser()
    parts = ["# Command line", "Every mistake is answered in one line that says what was expected and what to do.\n"]
    parts += [fenced(parser.format_help(), "text")]
    for words, each in _commands(parser, "rnnzoo"):
        parts += [f"## {words}", fenced(each.format_help(), "text")]
    parts += [
        "## rnnzoo fit, validate, test",
        "Their options are Lightning's, and those of the recipe's task and data: `rnnzoo fit --config NAME --help`.",
    ]
    return "\n\n".join(parts) + "\n"


def _commands(parser: argparse.ArgumentParser, words: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, each in action.choices.items():
                if each.add_help:  # those without hand everything on to Lightning
                    yield f"{words} {name}", each
                    yield from _commands(each, f"{words} {name}")
