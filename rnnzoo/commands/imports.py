"""``--import FILE``, which every command that takes names of layers has."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

HELP = "a Python file of your own, whose layers are then known by name (may be given again)"


def add_import(parser: argparse.ArgumentParser) -> None:
    """Give a command the option."""
    parser.add_argument("--import", dest="imports", action="append", default=[], metavar="FILE", help=HELP)


def import_files(paths: Sequence[str]) -> None:
    """Import the files.

    Raises:
        FileNotFoundError: there is no such file.
        DiscoveryError: one does not import, or registers nothing.
    """
    if not paths:
        return
    from rnnzoo.registry.files import import_file, refuse_idle

    for path in paths:
        import_file(path)
        refuse_idle(path)
