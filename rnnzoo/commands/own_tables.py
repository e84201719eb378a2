"""``--table FILE``, which every command that reads all rows of a folder has."""

from __future__ import annotations

import argparse


def add_own_tables(parser: argparse.ArgumentParser) -> None:
    """Give a command that reads every row of a folder the option that names tables besides the package's."""
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        dest="tables",
        metavar="FILE",
        help="a table of your own with rows there",
    )
