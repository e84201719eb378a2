"""``rnnzoo list``: what there is, one line each."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from rnnzoo.commands.imports import add_import

WHAT = ("layers", "tasks", "data", "recipes", "tables", "pretrained")


def add_parser(commands: Any) -> None:
    """Add ``list``."""
    parser = commands.add_parser("list", help="list layers, tasks, data, recipes, tables or pretrained models")
    parser.add_argument("what", choices=WHAT)
    parser.add_argument("pattern", nargs="?", default="*", help="a shell pattern, such as '*lstm'")
    parser.add_argument("--json", action="store_true", help="as a JSON list")
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print what is there."""
    found = [item for item in COLLECTORS[options.what]() if fnmatchcase(item["name"], options.pattern)]
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    from rich.console import Console

    from rnnzoo.commands.tables import print_table

    headings, cells = TABLES.get(
        options.what, (("name", "description"), lambda item: (item["name"], item["description"]))
    )
    whole = [heading for heading in headings if heading not in BREAKABLE]
    print_table(headings, [cells(item) for item in found], Console(), whole=whole, plain_headings=False)
    return 0


def _layers() -> list[dict[str, Any]]:
    from rnnzoo.recurrent.page import backends, in_time, tiny_state_shapes
    from rnnzoo.registry import LAYERS
    from rnnzoo.registry.places import origin

    return [
        {
            "name": entry.name, "class": entry.class_name, "kind": entry.kind, "description": entry.description,
            "paper": entry.paper and entry.paper._asdict(), "year": entry.paper and entry.paper.year,
            "oracle": entry.oracle, "differs": entry.differs, "backends": list(backends(entry)),
            "parallel": entry.parallel, "in_time": in_time(entry), "causal": entry.causal,
            "exportable": entry.exportable, "double_backward": entry.double_backward, "projection": entry.projection,
            "tiny": dict(entry.tiny), "state_shapes": tiny_state_shapes(entry), "from": origin(entry.target),
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
    from rnnzoo.registry import TASKS

    found = []
    for entry in map(pretrained_entry, list_pretrained()):
        task = entry.configuration["task"]
        key = f"test/{TASKS.entry(task).metrics[0].name}"
        metric = key if key in entry.measured else next(iter(entry.measured))
        found.append({
            "name": entry.name, "task": task, "data": entry.data, "metric": metric, "value": entry.measured[metric],
            "bytes": entry.bytes, "licence": entry.licence, "description": entry.description,
        })  # fmt: skip
    return found


def _layer_cells(layer: dict[str, Any]) -> tuple[str, ...]:
    year, in_time = str(layer["year"] or "-"), layer["in_time"] or "-"
    oracle = layer["oracle"] or "unverified"
    return layer["name"], layer["class"], layer["kind"], year, in_time, oracle, layer["description"]


def _pretrained_cells(model: dict[str, Any]) -> tuple[str, ...]:
    metric, size = model["metric"].removeprefix("test/"), f"{model['bytes'] / 1000:,.0f} kB"
    return (
        model["name"],
        model["task"],
        model["data"],
        f"{metric} {model['value']:.3f}",
        size,
        model["licence"],
        model["description"],
    )


TABLES: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any]], tuple[str, ...]]]] = {
    "layers": (("name", "class", "kind", "year", "in time", "oracle", "description"), _layer_cells),
    "pretrained": (("name", "task", "data", "measured", "size", "licence", "description"), _pretrained_cells),
}
"""Headings and cells of the lists that have more than names and descriptions."""

BREAKABLE = ("task", "data", "licence", "description")
"""Columns that a narrow terminal may break."""

COLLECTORS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "layers": _layers, "tasks": _tasks, "data": _data, "recipes": _recipes, "tables": _tables,
    "pretrained": _pretrained,
}  # fmt: skip
