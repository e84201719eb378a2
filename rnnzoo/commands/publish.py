"""``rnnzoo bench publish``: a finished model as a folder, here or on the Hugging Face Hub."""

from __future__ import annotations

import argparse
from typing import Any

from rnnzoo.commands.imports import add_import


def add_publish(parts: Any) -> None:
    """Add ``bench publish``."""
    parser = parts.add_parser("publish", help="a finished model as a folder that anybody can load, or on the Hub")
    parser.add_argument(
        "model", metavar="MODEL", help="a shipped model's name, a model folder, a run's folder (--keep), or a .ckpt"
    )
    parser.add_argument("--to", required=True, metavar="hf://ORG/NAME|DIR", help="where to")
    parser.add_argument("--half", action="store_true", help="write float16")
    parser.add_argument("--private", action="store_true", help="of a repository that is made by this call")
    parser.add_argument("--description", default="", help="one line for the model card of a run or a .ckpt")
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Write the model and say where it is."""
    from rnnzoo.pretrained.sharing import share

    print(share(options.model, options.to, half=options.half, private=options.private, description=options.description))
    return 0
