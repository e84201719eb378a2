"""``rnnzoo bench run`` and ``rnnzoo bench report``; the other parts of ``bench`` have files of their own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.commands.compare import add_compare
from rnnzoo.commands.imports import add_import
from rnnzoo.commands.own_tables import add_own_tables
from rnnzoo.commands.publish import add_publish
from rnnzoo.commands.tables import print_table
from rnnzoo.commands.verify import add_verify

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

    from rnnzoo.bench.columns import Column
    from rnnzoo.bench.execution import Execution
    from rnnzoo.bench.runner import Outcome
    from rnnzoo.bench.scale import Scale
    from rnnzoo.bench.table import Table


def add_parser(commands: Any) -> None:
    """Add ``bench`` with its sub-commands."""
    bench = commands.add_parser("bench", help="train a whole table of models, and report it")
    parts = bench.add_subparsers(dest="part", metavar="run|report|verify|compare|publish", required=True)
    run = parts.add_parser(
        "run",
        help="make the runs of a table that are not there yet",
        description="Make the runs of a table that are not there yet, and report it. A table with `parameters` gives "
        "every layer the width for that budget; one with `trials` trains each layer with every one of them, and "
        "validation decides which is reported.",
    )
    run.add_argument("table", metavar="TABLE", help="a table's name (`rnnzoo list tables`) or YAML file")
    run.add_argument(
        "--layers",
        default="",
        metavar="A,B",
        help="only these entries of the table, or any other layers, separated by commas; patterns (min*) and all, too",
    )
    run.add_argument("--seeds", type=int, help="seeds an entry, instead of the table's own number")
    run.add_argument("--quick", action="store_true", help="a small version, to see that everything works")
    run.add_argument("--only", action="append", default=[], metavar="KEY=VALUE", help="only this variant: length=10")
    run.add_argument("--results", type=Path, metavar="DIR", help="folder of the result rows")
    run.add_argument("--out", type=Path, metavar="DIR", help="folder of pages and pictures (report/ beside the rows)")
    add_scale(run)
    add_execution(run)
    run.add_argument(
        "--wandb", choices=("online", "offline", "off"), help="Weights & Biases (online where a key is set)"
    )
    run.add_argument("--keep", action="store_true", help="keep each run's best checkpoint under RESULTS/.runs")
    add_import(run)
    run.set_defaults(function=run_table)
    report = parts.add_parser(
        "report",
        help="render result rows: Markdown, CSV, PNG and one HTML page; with --all a site of every table",
        description="Render result rows of TABLE, or of each table that has some: Markdown, CSV, PNG and one HTML "
        "page. With --all one static site instead: a front page that ranks all layers at equal budgets, and for each "
        "table a page that can be sorted and filtered. It takes the place of an older one when it is whole.",
    )
    report.add_argument("table", metavar="TABLE", nargs="?", help="a table (all that have rows)")
    report.add_argument("--all", action="store_true", help="one site of every table: index.html, and a page a table")
    report.add_argument("--results", type=Path, metavar="DIR", help="folder of the result rows")
    report.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of pages and pictures (report/, or site/, beside the rows)"
    )
    add_own_tables(report)
    report.set_defaults(function=report_tables)
    add_verify(parts)
    add_compare(parts)
    add_publish(parts)


def add_scale(parser: argparse.ArgumentParser) -> None:
    """Give a command the options that spread a training; none of them but the precision changes what it computes."""
    started = "torchrun and SLURM say how many they started"
    parser.add_argument("--devices", type=int, metavar="N", help=f"devices each run is spread over (1; {started})")
    parser.add_argument("--nodes", type=int, metavar="M", help=f"machines of N devices each (1; {started})")
    parser.add_argument(
        "--strategy", default="auto", metavar="S", help="ddp or fsdp; auto, the default, is ddp on several devices"
    )
    parser.add_argument(
        "--accumulate",
        type=int,
        default=1,
        metavar="K",
        help="parts in which each device takes its share of a batch, to save memory; a table's batch_size is that of "
        "the whole step of the optimiser, whatever N, M and K are (1)",
    )
    parser.add_argument(
        "--precision", metavar="P", help="32, bf16-mixed, 16-mixed (GPU) or 64 (the table's own, else 32)"
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="through torch.compile, where the layer declares it and its first steps are quicker so; says which it was",
    )


def add_execution(parser: argparse.ArgumentParser) -> None:
    """Give a command the options that say who makes the runs."""
    parser.add_argument("--jobs", type=int, metavar="K", help="runs at the same time on each machine (1)")
    parser.add_argument(
        "--executor", default="local", metavar="local|ray", help="who makes the runs: this machine (local), or Ray"
    )
    parser.add_argument(
        "--address", metavar="ADDRESS", help="of the Ray cluster: auto or HOST:PORT (a Ray of this machine alone)"
    )


def run_table(options: argparse.Namespace) -> int:
    """Make the missing runs of a table, then show it; where several processes were started, the first one does."""
    from rnnzoo.bench.devices import check_devices
    from rnnzoo.bench.errors import DeviceError
    from rnnzoo.bench.execution import Execution
    from rnnzoo.bench.launched import launched
    from rnnzoo.bench.scale import Scale
    from rnnzoo.bench.table import load_table

    table = load_table(options.table)  # first, so that a mistaken name costs no import of torch
    there = launched()
    devices = options.devices if options.devices is not None else there.devices if there else 1
    nodes = options.nodes if options.nodes is not None else there.nodes if there else 1
    scale = Scale(devices, nodes, options.strategy, options.accumulate, options.compile)
    execution = Execution(executor=options.executor, jobs=options.jobs, address=options.address)
    try:
        execution.check(scale)
        if execution.executor == "local":  # of a cluster's devices this machine knows nothing
            check_devices(devices, nodes, options.strategy, options.precision or "32")
    except DeviceError:
        if there is None or there.leads:
            raise
        return 2  # the first process says why
    if there is None or there.size == 1:
        return _run_table(options, table, scale, execution)
    if there.leads:
        with there.leading():
            return _run_table(options, table, scale, execution)
    from rnnzoo.bench.training import train

    there.follow(train)
    return 0


def _run_table(options: argparse.Namespace, table: Table, scale: Scale, execution: Execution) -> int:
    import yaml

    from rnnzoo.bench.console import Console
    from rnnzoo.bench.environment import default_results
    from rnnzoo.bench.errors import TableError
    from rnnzoo.bench.runner import make_runs
    from rnnzoo.bench.runs import expand
    from rnnzoo.bench.wandb_mode import default_wandb
    from rnnzoo.bench.wandb_report import log_report

    only = {}
    for text in options.only:
        key, equals, value = text.partition("=")
        if not equals:
            raise TableError(f"--only takes KEY=VALUE, such as length=10, not {text!r}.")
        only[key] = yaml.safe_load(value)
    runs = expand(
        table,
        layers=[name for name in options.layers.split(",") if name],
        seeds=options.seeds,
        quick=options.quick,
        only=only,
        precision=options.precision,
    )
    results = options.results or default_results(options.quick)
    console = Console()
    outcome = make_runs(
        runs, results, scale=scale, execution=execution, wandb=options.wandb, keep=options.keep, console=console
    )
    _say(outcome, console.rich)
    if outcome.made or outcome.there:
        shown, files = _report(table, results, options.out, console.rich)
        if outcome.made:
            pictures = {name: path for name, path in files.items() if path.suffix == ".png"}
            lines = list(zip(*(column.cells for column in shown), strict=True))
            folder = results / ".runs" / table.name / "report"
            log_report(
                options.wandb or default_wandb(), folder, table.name, [c.heading for c in shown], lines, pictures
            )
    return 1 if outcome.failed else 0


def report_tables(options: argparse.Namespace) -> int:
    """Render the rows of one table, of each that has some, or of all as one site."""
    from rich.console import Console as RichConsole

    from rnnzoo.bench.environment import default_results
    from rnnzoo.bench.errors import TableError
    from rnnzoo.bench.report import tables_with_rows
    from rnnzoo.bench.table import load_table

    results = options.results or default_results()
    if options.all:
        from rnnzoo.bench.site.build import build_site

        if options.table:
            raise TableError(f"give table {options.table} or --all, not both; a file of your own is --table FILE.")
        print(f"site: {build_site(results, options.out or results / 'site', options.tables)}")
        return 0
    if options.tables:
        raise TableError("--table is for --all; without it, name the table itself: rnnzoo bench report FILE.")
    for name in [options.table] if options.table else tables_with_rows(results):
        _report(load_table(name), results, options.out, RichConsole(highlight=False, soft_wrap=True))
    return 0


def _say(outcome: Outcome, rich: RichConsole) -> None:
    if outcome.elsewhere:
        rich.print(f"{len(outcome.elsewhere)} runs are being made by another process.")
    for title, why in outcome.failed.items():
        rich.print(f"failed: {title}: {why}", markup=False)


def _report(table: Table, results: Path, out: Path | None, rich: RichConsole) -> tuple[list[Column], dict[str, Path]]:
    """Show and write the report of a table; gives its columns and files."""
    from rnnzoo.bench.columns import columns, sources_of
    from rnnzoo.bench.report import notes, table_rows, write_report
    from rnnzoo.bench.summary import summarise

    rows = table_rows(table, results)
    lines = summarise(table, rows)
    sources = sources_of(table, lines)
    rich.print(f"\n{table.title}", markup=False)
    shown = columns(table, lines, sources)
    lines_shown = list(zip(*(column.cells for column in shown), strict=True))
    numeric = [column.heading for column in shown if column.numeric]
    print_table([column.heading for column in shown], lines_shown, rich, numeric=numeric)
    for number, source in enumerate(sources, start=1):
        rich.print(f"[{number}] {source}", markup=False)
    rich.print(notes(table, rows), markup=False)
    files = write_report(table, rows, results, out or results / "report")
    for name, path in files.items():
        kind = "picture" if path.suffix == ".png" else "page" if name == "html" else name
        print(f"{kind}: {path}")
    return shown, files
