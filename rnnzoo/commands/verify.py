"""``rnnzoo bench verify``: does a table's committed number come out again?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rnnzoo.commands.imports import add_import


def add_verify(parts: Any) -> None:
    """Add the sub-command."""
    parser = parts.add_parser(
        "verify",
        help="make the cheapest run of a table again and hold it against its row",
        description="Make the quickest of the runs that a table's report shows again (the same settings, seed and "
        "trial) in a temporary folder, and hold its number on the test split against the committed one. The bound "
        "comes from the spread over the entry's seeds; where there is one seed, from the binomial standard error. "
        "The status is 0 where it reproduces, 1 where it does not.",
    )
    parser.add_argument("table", metavar="TABLE", help="a table's name (`rnnzoo list tables`) or YAML file")
    parser.add_argument("--results", type=Path, metavar="DIR", help="folder of the committed rows")
    add_import(parser)
    parser.set_defaults(function=verify_table)


def verify_table(options: argparse.Namespace) -> int:
    """Verify a table; 0 where its number comes out again, else 1."""
    from rich.console import Console as RichConsole

    from rnnzoo.bench.console import Console
    from rnnzoo.bench.environment import default_results
    from rnnzoo.bench.report import table_rows
    from rnnzoo.bench.table import load_table
    from rnnzoo.bench.verify import verify
    from rnnzoo.commands.tables import print_table

    table = load_table(options.table)
    rows = table_rows(table, options.results or default_results())
    rich = RichConsole(highlight=False, soft_wrap=True)
    found = verify(table, rows, console=Console(rich))
    was, now = found.committed, found.again
    print(f"\ntable {table.name}: {found.run.title}, the cheapest of {found.of} runs")
    versions = sorted({*was.versions, *now.versions})
    lines = [
        [f"test {was.metric}", f"{was.value:.6g}", f"{now.value:.6g}"],
        ["seconds", f"{was.seconds:.1f}", f"{now.seconds:.1f}"],
        ["device", was.device, now.device],
        ["commit", was.commit[:12] or "unknown", now.commit[:12] or "unknown"],
        *([name, was.versions.get(name, ""), now.versions.get(name, "")] for name in versions),
    ]
    shown = [line for line in lines if line[0] not in versions or line[1] != line[2]]
    print_table(["", "committed", "now"], shown, rich)
    bound = "none" if found.bound.value is None else f"{found.bound.value:.4g}"
    print(f"difference: {found.difference:+.4g}\nbound: {bound} ({found.bound.origin})")
    if found.difference == 0:
        print("reproduced: the same number")
    else:
        print("reproduced, within the bound" if found.reproduced else "NOT reproduced")
    return 0 if found.reproduced else 1
