"""``rnnzoo plot``: the pictures of a table from its result rows, or one of what happens inside a model."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rnnzoo.commands.imports import add_import

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class PlotError(ValueError):
    """The pictures asked for cannot be drawn, or not to that place."""


class Picture(NamedTuple):
    """A picture of a model."""

    words: str
    draw: Callable[[argparse.Namespace], tuple[str, Figure]]  # gives a name for its file, too
    options: tuple[str, ...]  # those that it takes


def _gates(options: argparse.Namespace) -> tuple[str, Figure]:
    from rnnzoo.commands.plot_gates import draw

    return draw(options)


def _attention(options: argparse.Namespace) -> tuple[str, Figure]:
    from rnnzoo.commands.plot_attention import draw

    return draw(options)


READING = ("model", "input")
MODEL_PICTURES = {
    "gates": Picture(
        "heat maps of a model's gates as it reads --input (LSTM, GRU, ...)", _gates, (*READING, "layer", "values")
    ),
    "attention": Picture("what a model looks at in a text as it writes its answer (MODEL TEXT)", _attention, READING),
}
ONLY_TABLES, ONLY_MODELS = ("results",), ("model", "input", "layer", "values")
"""Options that are of use for one kind of picture alone."""


def add_parser(commands: Any) -> None:
    """Add ``plot``."""
    parser = commands.add_parser("plot", help="draw the pictures of a table, or the gates inside a model")
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="a table, TABLE/FIGURE, gates or attention; without it: a list of what there is",
    )
    parser.add_argument("given", metavar="MODEL TEXT", nargs="*", help="gates, attention: in place of --model, --input")
    parser.add_argument("--results", type=Path, metavar="DIR", help="tables: the folder of the result rows")
    parser.add_argument("--model", metavar="MODEL", help="the model, as for `rnnzoo predict` (gates: digit-sum-lstm)")
    parser.add_argument("--input", metavar="TEXT", help="what the model reads (gates: 6700100000)")
    parser.add_argument("--layer", metavar="L", help="gates: the layer and direction, such as l1 or l0_reverse (l0)")
    parser.add_argument("--values", metavar="A,B", help="gates: what is shown, such as input,forget,candidate,hidden")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="a .png, .pdf or .svg file, or a folder (the current one)"
    )
    add_import(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Draw, or list what can be drawn."""
    if options.name is None:
        return _list()
    named = MODEL_PICTURES.get(options.name)
    _take_given(options, named)
    for option in (*ONLY_TABLES, *ONLY_MODELS):
        if option in (ONLY_TABLES if named is None else named.options):
            continue
        if getattr(options, option) is not None:
            takers = [name for name, picture in MODEL_PICTURES.items() if option in picture.options]
            of = " or ".join(takers) if takers else "a table"
            raise PlotError(f"--{option} is of use with {of} only, not with {options.name}; leave it out.")
    _check_out(options.out)
    figures = _of_table(options.name, options.results) if named is None else dict([named.draw(options)])
    from rnnzoo.figures.saving import save_figure

    for stem, path in _places(options.out, list(figures)).items():
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("default")
            try:
                save_figure(figures[stem], path)
            except OSError as error:
                raise PlotError(f"cannot write {path}: {error}; --out names another file or folder.") from error
        for warning in said:
            print(f"rnnzoo: {path}: {warning.message}", file=sys.stderr)
        print(path)
    return 0


def _take_given(options: argparse.Namespace, picture: Picture | None) -> None:
    """Let what stands behind a picture's name be --model and --input.

    Raises:
        PlotError: there is too much of it.
    """
    if options.given and (picture is None or len(options.given) > len(READING)):
        far = f"{options.given[0 if picture is None else len(READING)]!r:.40}"
        what = "a table takes none" if picture is None else "it takes a model and a text, a text in quotes"
        raise PlotError(f"{far} is one argument too many behind {options.name}; {what}.")
    for option, value in zip(READING, options.given, strict=False):
        if getattr(options, option) is not None:
            raise PlotError(f"{value!r:.40} and --{option} are given; leave one of them out.")
        setattr(options, option, value)


def _list() -> int:
    from rnnzoo.bench.table import list_tables, load_table

    lines = {name: picture.words for name, picture in MODEL_PICTURES.items()}
    for name in list_tables():
        table = load_table(name)
        lines |= {f"{name}/{figure.replace('_', '-')}": table.title for figure in table.figures}
    width = max(map(len, lines))
    for name, words in lines.items():
        print(f"{name:<{width}}  {words}")
    return 0


def _of_table(name: str, results: Path | None) -> dict[str, Figure]:
    """The pictures of a table, or the one of ``TABLE/FIGURE``, by the stem of their files.

    Raises:
        UnknownName: no such table, picture of a model, or figure of the table; near misses follow.
        NoRows: there are no rows to draw.
        PlotError: the table has no figures.
    """
    from dataclasses import replace

    from rnnzoo.bench.environment import default_results
    from rnnzoo.bench.table import list_tables, load_table
    from rnnzoo.registry import unknown

    given, _, figure = name.rpartition("/") if "/" in name and not Path(name).is_file() else (name, "", "")
    if given not in list_tables() and not Path(given).suffix:
        raise unknown("picture or table", given, [*list_tables(), *MODEL_PICTURES], "rnnzoo plot")
    table = load_table(given)
    if not table.figures:
        raise PlotError(f"table {table.name} has no figures; its file names them under `figures:`.")
    if figure:
        known = {asked.replace("_", "-"): asked for asked in table.figures}
        chosen = known.get(figure.replace("_", "-"))
        if chosen is None:
            raise unknown(f"figure of {table.name}", figure, known, "rnnzoo plot")
        table = replace(table, figures=(chosen,))
    from rnnzoo.bench.pictures import Drawn, pictures
    from rnnzoo.bench.report import table_rows
    from rnnzoo.bench.summary import summarise

    folder = results or default_results()
    drawn = Drawn(table, summarise(table, table_rows(table, folder)), folder)
    return {f"{table.name}-{key.replace('_', '-')}": made for key, made in pictures(drawn).items()}


def _check_out(out: Path | None) -> None:
    """Refuse a file name of another format, before anything is drawn."""
    if out is not None and out.suffix and not out.is_dir():
        from rnnzoo.figures.saving import check_format

        check_format(out)


def _places(out: Path | None, stems: list[str]) -> dict[str, Path]:
    """Where each picture goes: the file ``out``, or PNG files in the folder ``out`` (the current one).

    Raises:
        PlotError: one file is named for several pictures.
    """
    folder = out or Path()
    if out is not None and out.suffix and not out.is_dir():
        if len(stems) > 1:
            raise PlotError(f"{out} is one file for {len(stems)} pictures; name a folder, or one of them: {stems}.")
        return {stems[0]: out}
    return {stem: folder / f"{stem}.png" for stem in stems}
