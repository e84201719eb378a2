"""``rnnzoo bench compare A B``: what differs between two folders of results by more than the seeds do."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.commands.own_tables import add_own_tables

if TYPE_CHECKING:
    from rnnzoo.bench.compare import Comparison


def add_compare(parts: Any) -> None:
    """Add the sub-command."""
    parser = parts.add_parser(
        "compare",
        help="two folders of results: what differs by more than its seeds",
        description="Compare two folders of results: of every entry and variant that both have, each number on the "
        "test split, with mean and spread over seeds, and whether B differs from A: by a paired t-test where the seeds "
        "are the same, else by Welch's, corrected over all comparisons by Holm. What only one folder has is listed.",
    )
    parser.add_argument("a", metavar="A", type=Path, help="folder of result rows, such as benchmarks/results")
    parser.add_argument("b", metavar="B", type=Path, help="another, which is held against it")
    parser.add_argument("--level", type=float, default=0.05, metavar="P", help="level of significance (0.05)")
    add_own_tables(parser)
    parser.set_defaults(function=compare_folders)


def compare_folders(options: argparse.Namespace) -> int:
    """Show the comparison."""
    from rich.console import Console as RichConsole

    from rnnzoo.bench.collected import collect
    from rnnzoo.bench.compare import compare
    from rnnzoo.bench.errors import TableError
    from rnnzoo.commands.tables import print_table

    if not 0 < options.level < 1:
        raise TableError(f"--level is a probability between 0 and 1, such as 0.05, not {options.level}.")
    rich = RichConsole(highlight=False, soft_wrap=True)
    found = compare(collect(options.a, options.tables), collect(options.b, options.tables))
    print(f"A: {options.a}\nB: {options.b}\n")
    if found.comparisons:
        heads = ["table", "model", "variant", "metric", "A", "B", "B - A", "test", "p", "p (Holm)", "B is"]
        lines = [_line(one, options.level) for one in found.comparisons]
        print_table(heads, lines, rich, numeric=["A", "B", "B - A", "p", "p (Holm)"])
        tested = sum(one.corrected is not None for one in found.comparisons)
        print(
            f"\nMean ± standard deviation (seeds), on the test split. {tested} comparisons have a p-value, which is "
            f"corrected for as many; the level is {options.level:g}. paired: by seed, as both have the same."
        )
        others = sum(one.settings_differ for one in found.comparisons)
        if others:
            print(f"*: {others} comparisons are of runs whose settings differ between A and B.")
    else:
        print("There is nothing that both have.")
    for said, left in (("only in A", found.only_a), ("only in B", found.only_b), ("not compared", found.left_out)):
        if left:
            print(f"\n{said}:")
            print("\n".join(f"  {each}" for each in left))
    return 0


def _line(one: Comparison, level: float) -> list[str]:
    label = one.key.label + ("*" if one.settings_differ else "")
    p, corrected = ("" if value is None else f"{value:.3g}" for value in (one.tested.p, one.corrected))
    return [
        one.key.table, label, one.key.variant, one.key.metric, _spoken(one.a), _spoken(one.b),
        f"{one.difference:+.4g}", one.tested.how, p, corrected, one.verdict(level),
    ]  # fmt: skip


def _spoken(values: Mapping[int, float]) -> str:
    mean = f"{statistics.fmean(values.values()):.4g}"
    spread = f" ± {statistics.stdev(values.values()):.2g}" if len(values) > 1 else ""
    return f"{mean}{spread} ({len(values)})"
