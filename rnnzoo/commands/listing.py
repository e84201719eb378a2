"""``rnnzoo list``: what there is, one line each."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

WHAT = ("layers", "tasks", "data", "recipes", "tables", "pretrained")


def add_parser(commands: Any) -> None:
    """Add ``list``."""
    parser = commands.add_parser("list", help="list layers, tasks, data, recipes, tables or pretrained models")
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("pattern", nargs="?", default="*", help="a shell pattern, such as '*lstm'")
    parser.add_argument("--json", action="store_true", help="as a JSON list")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print what is there."""
    found = [item for item in COLLECTORS[options.what]() if fnmatchcase(item["name"], options.pattern)]
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    width = max((len(item["name"]) for item in found), default=0)
    for item in found:
        print(f"{item['name']:<{width}}  {item['description']}".rstrip())
    return 0


def _layers() -> list[dict[str, Any]]:
    from rnnzoo.registry import LAYERS

    return [
        {
            "name": entry.name, "description": entry.description, "kind": entry.kind, "class": entry.class_name,
            "paper": entry.paper._asdict(), "year": entry.paper.year, "oracle": entry.oracle,
            "backends": list(entry.backends),
        }
        for entry in LAYERS.entries()
    ]  # fmt: skip


def _tasks() -> list[dict[str, Any]]:
    from rnnzoo.registry import TASKS

    return [
        {
            "name": entry.name, "description": entry.description, "accepts": list(entry.accepts),
            "metrics": [metric._asdict() for metric in entry.metrics],
        }
        for entry in TASKS.entries()
    ]  # fmt: skip


def _data() -> list[dict[str, Any]]:
    from rnnzoo.registry import DATA

    return [
        {
            "name": entry.name, "description": entry.description, "kind": entry.kind, "licence": entry.licence,
            "source": entry.source,
        }
        for entry in DATA.entries()
    ]  # fmt: skip


def _recipes() -> list[dict[str, Any]]:
    from rnnzoo.recipes import list_recipes, recipe_config

    return [{"name": name, "description": recipe_config(name)["description"]} for name in list_recipes()]


def _tables() -> list[dict[str, Any]]:
    from rnnzoo.bench.table import list_tables, load_table

    return [{"name": name, "description": load_table(name).title} for name in list_tables()]


def _pretrained() -> list[dict[str, Any]]:
    from rnnzoo.pretrained import list_pretrained, pretrained_entry

    return [{"name": name, "description": pretrained_entry(name).description} for name in list_pretrained()]


COLLECTORS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "layers": _layers, "tasks": _tasks, "data": _data, "recipes": _recipes, "tables": _tables,
    "pretrained": _pretrained,
}  # fmt: skip
