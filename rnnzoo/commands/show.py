"""``rnnzoo show``: all there is to know about one layer."""

from __future__ import annotations

import argparse
from typing import Any

from rnnzoo.commands.imports import add_import


def add_parser(commands: Any) -> None:
    """Add ``show``."""
    parser = commands.add_parser("show", help="a layer's equations, arguments, states and paper")
    parser.add_argument("layer", metavar="LAYER", help="a layer's name (`rnnzoo list layers`)")
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print the page of a layer, as ``help(rnnzoo.LSTM)`` begins."""
    from rnnzoo.recurrent.page import layer_page
    from rnnzoo.registry import LAYERS

    entry = LAYERS.entry(options.layer)
    print(f"{entry.name}: rnnzoo.{entry.class_name}, {entry.description}\n")
    print(layer_page(entry))
    return 0
