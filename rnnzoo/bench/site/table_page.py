"""A table's page: its numbers, what was published, its pictures, and how to make all of it again."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rnnzoo.bench.collected import Collected
from rnnzoo.bench.columns import Column, columns, links_of, sources_of
from rnnzoo.bench.complete import Progress
from rnnzoo.bench.pictures import Drawn
from rnnzoo.bench.report import notes, provenance, write_csv, write_pictures, write_trials
from rnnzoo.bench.site.marks import (
    PUBLISHED,
    WITHOUT,
    Head,
    Html,
    Row,
    code,
    escaped,
    figure,
    kind_cell,
    link,
    listed,
    page,
    table,
)  # fmt: skip
from rnnzoo.bench.summary import Line, spoken_time, summarise
from rnnzoo.bench.table import Table
from rnnzoo.contracts import ResultRow


class Shown(NamedTuple):
    """A table with its rows, and what is worked out of them once for the front page and its own."""

    table: Table
    rows: list[ResultRow]
    lines: list[Line]
    progress: Progress

    @property
    def runs(self) -> int:
        """How many there are rows of."""
        return self.progress.there + self.progress.further


def shown(found: Collected, progress: Progress) -> Shown:
    """A table with its rows, summed up."""
    return Shown(found.table, found.rows, summarise(found.table, found.rows), progress)


def write_table_page(one: Shown, results: Path, out: Path, *, file: Path | None = None) -> None:
    """Write the page of a table that has rows, with its CSV and pictures, into ``out``.

    Args:
        results: the folder of the rows, for their traces.
        file: the table's file, where it is none of the package's.
    """
    table_, rows, lines, _ = one
    sources = sources_of(table_, lines)
    made = columns(table_, lines, sources)
    images = write_pictures(Drawn(table_, lines, results), out)
    files = [write_csv(made, out / f"{table_.name}.csv")]
    if table_.trials:
        files.append(write_trials(table_, rows, out / f"{table_.name}-trials.csv"))
    parts = [
        f"<nav>{link('../index.html', 'All tables')}</nav>",
        f"<h1>{escaped(table_.title)}</h1>",
        f"<p>{escaped(table_.description.strip())}</p>" if table_.description.strip() else "",
        facts(one),
        "<h2>Results</h2>",
        table(*_results(one, made), f"Results of table {table_.name}", filtered=True),
        f'<p class="soft">{escaped(notes(table_, rows))}</p>',
        f"<p>As CSV: {', '.join(link(path.name, path.name) for path in files)}.</p>",
        "<h2>Pictures</h2>" if images else "",
        *(_picture(name, path, table_) for name, path in images.items()),
        "<h2>Published values</h2>",
        _published(table_, lines, sources),
        "<h2>Make it again</h2>",
        _commands(table_, file),
        "<h2>How far it is</h2>",
        _completeness(one.progress),
        "<h2>How it was measured</h2>",
        f'<p class="soft">{escaped(provenance(rows))}</p>',
    ]
    content = "\n".join(part for part in parts if part)
    (out / f"{table_.name}.html").write_text(page(f"{table_.title} | rnnzoo", content, root="../"), encoding="utf-8")


def facts(one: Shown) -> str:
    """The most important of a table in a row: runs, seeds, layers, device, last run."""
    seeds = [len(line.seeds) for line in one.lines]
    told = {
        "state": str(one.progress),
        "seeds": str(seeds[0]) if len(set(seeds)) == 1 else f"{min(seeds)} to {max(seeds)}",
        "task": one.table.task.replace("_", " "),
        "data": ", ".join(sorted({f"{row.data} (version {row.data_version})" for row in one.rows})),
        "parameters": f"{one.table.parameters:,} each" if one.table.parameters else "",
        "last run": max(row.finished_at for row in one.rows)[:10],
    }
    items = [f"<div><dt>{name}</dt><dd>{escaped(said)}</dd></div>" for name, said in told.items() if said]
    return f'<dl class="facts">{"".join(items)}</dl>'


def _results(one: Shown, made: Sequence[Column]) -> tuple[list[Head], list[Row]]:
    """The report's columns with kind, training time, device and commit; a published line has none of these."""
    lines = one.lines
    foreign = len(made[0].cells) - len(lines)
    kinds = [WITHOUT if line.layer == "none" else line.kind for line in lines] + [PUBLISHED] * foreign
    of_run: dict[tuple[str, str, int], ResultRow] = {(row.label, row.spec, row.seed): row for row in one.rows}
    runs = [[of_run[line.label, spec, seed] for seed, spec in line.specs.items()] for line in lines]
    blank = [""] * foreign
    taken = [spoken_time(statistics.fmean(row.seconds for row in found)) for found in runs]
    devices = ["; ".join(sorted({row.device for row in found})) for found in runs]
    commits = [", ".join(sorted({row.commit[:7] for row in found if row.commit})) for found in runs]
    every = [
        made[0],
        Column("kind", False, kinds),
        *made[1:],
        *([] if one.table.race else [Column("training", True, taken + blank)]),
        Column("device", False, devices + blank),
        Column("commit", False, commits + blank),
    ]
    heads = [Head(column.heading, column.numeric) for column in every]
    cells = zip(*(column.cells for column in every), strict=True)
    return heads, [Row((line[0], kind_cell(line[1]), *line[2:]), kind) for line, kind in zip(cells, kinds, strict=True)]


def _picture(name: str, path: Path, table_: Table) -> str:
    words = name.replace("_", " ")
    return figure(path.name, words, f"{words}: {table_.title}; the numbers stand in the table above")


def _published(table_: Table, lines: Sequence[Line], sources: Sequence[str]) -> str:
    """Each published value beside what was measured here, with its source and the number that it has above."""
    if not table_.references:
        return "<p>None that this table is held against.</p>"
    links = links_of(table_)
    of_line = {(line.label, _variant(line.variant)): line for line in lines}
    rows = []
    for each in table_.references:
        line = of_line.get((each.label, _variant(each.variant)))
        here = line.values.get((each.split, each.metric)) if line else None
        spread = f" ± {each.spread:g}" if each.spread is not None else ""
        source = link(links[each.source], each.source) if each.source in links else escaped(each.source)
        number = f"[{sources.index(each.source) + 1}] " if each.source in sources else ""
        cells = (
            each.label or each.model,
            _variant(each.variant),
            f"{each.split} {each.metric.replace('_', ' ')}",
            f"{each.value:g}{spread}",
            str(each.n or ""),
            str(here) if here else "",
            f"{here.mean - each.value:+.3f}" if here else "",
            Html(f"{number}{source}"),
        )
        rows.append(Row(cells))
    heads = [
        Head("model"), Head("variant"), Head("metric"), Head("published", True), Head("runs", True), Head("here", True),
        Head("difference", True), Head("source"),
    ]  # fmt: skip
    used = [number for number in range(len(heads)) if any(row.cells[number] for row in rows)]
    rows = [Row([row.cells[number] for number in used]) for row in rows]
    return table([heads[number] for number in used], rows, f"Published values for table {table_.name}")


def _variant(variant: Mapping[str, object]) -> str:
    return ", ".join(f"{key} {variant[key]}" for key in sorted(variant))


def _commands(table_: Table, file: Path | None) -> str:
    """How to make the rows again, and how to check them by one; a race's are times, which no other run reproduces."""
    name = file or table_.name
    told = (
        f"<pre>{escaped(f'rnnzoo bench run {name}')}</pre><p>makes the runs that are not there yet; with another "
        f"{code('--results')}, all of them.</p>"
    )
    if table_.race is not None:
        return told
    return (
        f"{told}<pre>{escaped(f'rnnzoo bench verify {name}')}</pre><p>makes the cheapest of them again and holds it "
        "against its row.</p>"
    )


def _completeness(progress: Progress) -> str:
    further = f" {progress.further:,} more than it asks for." if progress.further else ""
    told = f"<p>{progress.there:,} of the {progress.wanted:,} runs that the table asks for have rows.{further}</p>"
    if not progress.missing:
        return told
    summary = f"<summary>What is missing ({len(progress.missing)})</summary>"
    return f"{told}<details>{summary}{listed(progress.missing)}</details>"
