"""``rnnzoo check``: the laws, tried on cells of the zoo or of one's own."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.commands.imports import add_import

if TYPE_CHECKING:
    from rich.console import Console

    from rnnzoo.contracts import LayerEntry
    from rnnzoo.laws import Verdict

EPILOG = """\
examples:
  rnnzoo check lstm                     a registered layer ('min*': all whose names match)
  rnnzoo check my_cells.py              every cell in a file, registered or not
  rnnzoo check my_cells.py:MyCell       one of them

The status is 1 where a law is broken.
"""


def add_parser(commands: Any) -> None:
    """Add ``check``."""
    parser = commands.add_parser(
        "check",
        help="try the laws on a layer, or on the cells in a file of your own",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cell", metavar="CELL", help="a layer's name, FILE.py, or FILE.py:CLASS")
    parser.add_argument("--laws", default="", metavar="A,B", help="these laws alone")
    parser.add_argument("--quick", action="store_true", help="leave out the slow ones (compiling, exporting)")
    parser.add_argument("--input-size", type=int, metavar="I", help="of the cell that is tried (as registered, else 3)")
    parser.add_argument(
        "--hidden-size", type=int, metavar="H", help="of the cell that is tried (as registered, else 4)"
    )
    parser.add_argument("--json", action="store_true", help="as a JSON list")
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print the verdicts; 1 where a law is broken."""
    from rich.console import Console

    from rnnzoo.commands.cells import cells_of
    from rnnzoo.laws import verdicts

    sizes = {"input_size": options.input_size, "hidden_size": options.hidden_size}
    given = {name: size for name, size in sizes.items() if size is not None}
    laws = [name for name in options.laws.split(",") if name]
    console = Console(highlight=False, soft_wrap=not Console().is_terminal)
    found: dict[str, list[Verdict]] = {}
    for entry in cells_of(options.cell):
        entry = replace(entry, tiny={**entry.tiny, **given})
        found[entry.name] = list(verdicts(entry, laws=laws, slow=not options.quick))
        if not options.json:
            _print(entry, found[entry.name], console)
    if options.json:
        lines = [{"layer": name, **verdict._asdict()} for name, several in found.items() for verdict in several]
        print(json.dumps(lines, indent=1))
    return int(any(verdict.outcome == "broken" for several in found.values() for verdict in several))


def _print(entry: LayerEntry, found: list[Verdict], console: Console) -> None:
    """A cell's table, and the sum of it."""
    from rnnzoo.commands.tables import print_table
    from rnnzoo.registry.places import is_own, source_file

    path = source_file(entry.target)
    where = "" if is_own(entry.target) or path is None else f" in {_shortest(path)}"
    sizes = ", ".join(f"{name}={value!r}" for name, value in entry.tiny.items())
    console.print(f"{entry.name}: {entry.class_name}({sizes}){where}", markup=False)
    lines = [(verdict.law, verdict.outcome, " ".join(verdict.detail.split())) for verdict in found]
    print_table(("law", "verdict", "why"), lines, console, whole=("law", "verdict"), plain_headings=False)
    outcomes = [verdict.outcome for verdict in found]
    count = {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}
    console.print(", ".join(f"{number} {outcome}" for outcome, number in count.items()) + ".\n", markup=False)


def _shortest(path: Path) -> str:
    """A path from here, where it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
