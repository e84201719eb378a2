"""``rnnzoo show``: all there is to know about one layer, task or dataset."""

from __future__ import annotations

import argparse
import inspect
from typing import Any

from rnnzoo.commands.imports import add_import


def add_parser(commands: Any) -> None:
    """Add ``show``."""
    words = "a layer's equations, arguments, states and paper; what a task or a dataset is and takes"
    parser = commands.add_parser("show", help=words)
    parser.add_argument("name", metavar="NAME", help="a layer, task or dataset (`rnnzoo list layers|tasks|data`)")
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print the page of a layer, as ``help(rnnzoo.LSTM)`` begins, or the docstrings of a task or dataset."""
    from rnnzoo.registry import LAYERS

    if options.name not in LAYERS:
        said = _task_or_data(options.name)
        if said is not None:
            print(said)
            return 0
    from rnnzoo.recurrent.page import layer_page

    entry = LAYERS.entry(options.name)
    print(f"{entry.name}: rnnzoo.{entry.class_name}, {entry.description}\n")
    print(layer_page(entry))
    return 0


def _task_or_data(name: str) -> str | None:
    """What a task or dataset is, its facts, its class's docstring; None where no such thing has the name."""
    from rnnzoo.registry import DATA, TASKS

    if name in TASKS:
        task = TASKS.entry(name)
        measured = ", ".join(f"{metric.name} ({metric.unit or 'no unit'})" for metric in task.metrics)
        return _told(task, {"Accepts": ", ".join(task.accepts), "Metrics": measured})
    if name in DATA:
        data = DATA.entry(name)
        return _told(data, {"Kind": data.kind, "Licence": data.licence, "Source": data.source})
    return None


def _told(entry: Any, facts: dict[str, str]) -> str:
    target = entry.target
    head = f"{entry.name}: {target.__module__}.{target.__qualname__}, {entry.description}"
    lines = [f"{name + ':':<10} {said}" for name, said in facts.items() if said]
    return "\n\n".join([head, inspect.cleandoc(target.__doc__ or ""), "\n".join(lines)])
