"""The report of a table: Markdown, CSV, PNG pictures and one HTML page that needs no other file."""

from __future__ import annotations

import base64
import csv
import html
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from string import Template

from rnnzoo.bench.columns import Column, columns, links_of, sources_of
from rnnzoo.bench.errors import NoRows
from rnnzoo.bench.pictures import Drawn, pictures
from rnnzoo.bench.race_report import race_notes
from rnnzoo.bench.summary import latest, summarise, superseded
from rnnzoo.bench.table import Table, list_tables
from rnnzoo.bench.trials import spoken_value
from rnnzoo.contracts import ResultRow


def table_rows(table: Table, results: Path) -> list[ResultRow]:
    """All rows of ``table`` under ``results``.

    Raises:
        NoRows: there is none; the message has the command that makes them.
    """
    from rnnzoo.callbacks import read_rows

    folder = results / table.name
    rows = [row for path in sorted(folder.glob("*.jsonl")) for row in read_rows(path)]
    if not rows:
        raise NoRows(
            f"no result rows in {folder}; `rnnzoo bench run {table.name}` makes them (--results names the folder)."
        )
    return rows


def tables_with_rows(results: Path) -> list[str]:
    """The package's tables that have rows under ``results``; other folders there, such as ``speed``, are not tables.

    Raises:
        NoRows: there is none; the message has the command that makes them.
    """
    found = [name for name in list_tables() if any((results / name).glob("*.jsonl"))]
    if not found:
        raise NoRows(
            f"no result rows under {results}; `rnnzoo bench run TABLE` makes them (--results names the folder)."
        )
    return found


def write_report(table: Table, rows: Sequence[ResultRow], results: Path, out: Path) -> dict[str, Path]:
    """Render ``rows`` of the folder ``results`` into ``out``.

    Returns:
        The files written, by kind (``md``, ``csv``, ``html``, and the pictures).
    """
    out.mkdir(parents=True, exist_ok=True)
    lines = summarise(table, rows)
    sources = sources_of(table, lines)
    shown = columns(table, lines, sources)
    images = write_pictures(Drawn(table, lines, results), out)
    files = dict(images)
    files["csv"] = write_csv(shown, out / f"{table.name}.csv")
    if table.trials:
        files["trials"] = write_trials(table, rows, out / f"{table.name}-trials.csv")
    files["md"] = out / f"{table.name}.md"
    files["md"].write_text(_markdown(table, rows, shown, sources, images), encoding="utf-8")
    files["html"] = out / f"{table.name}.html"
    files["html"].write_text(_page(table, rows, shown, sources, images), encoding="utf-8")
    return files


def write_pictures(drawn: Drawn, out: Path) -> dict[str, Path]:
    """The pictures that a table asks for as PNG files in ``out``, by name."""
    from rnnzoo.figures.saving import save_figure

    return {
        name: save_figure(figure, out / f"{drawn.table.name}-{name.replace('_', '-')}.png")
        for name, figure in pictures(drawn).items()
    }


def write_csv(shown: Sequence[Column], path: Path) -> Path:
    """The columns as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([column.heading for column in shown])
        writer.writerows(zip(*(column.cells for column in shown), strict=True))
    return path


def write_trials(table: Table, rows: Sequence[ResultRow], path: Path) -> Path:
    """Every trial as a line of a CSV file, the one that counts for its layer and seed marked as chosen."""
    metric = table.monitor.metric
    found: dict[tuple[str, str, int, str], dict[str, ResultRow]] = {}
    for row in latest(table, rows):
        if row.metric == metric:
            key = (row.label, json.dumps(row.variant, sort_keys=True), row.seed, row.spec)
            found.setdefault(key, {})[row.split] = row
    counted = {(line.label, seed, spec) for line in summarise(table, rows) for seed, spec in line.specs.items()}
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        heads = [f"{split} {metric}" for split in ("validation", "test")]
        writer.writerow(["model", *table.variants, "seed", *table.trials, *heads, "chosen"])
        for (label, _, seed, spec), splits in sorted(found.items()):
            row = next(iter(splits.values()))
            values = [f"{splits[split].value:.4f}" if split in splits else "" for split in ("validation", "test")]
            varied = [row.variant.get(key, "") for key in table.variants]
            tried = [spoken_value(row.trial[key]) for key in table.trials]
            writer.writerow([label, *varied, seed, *tried, *values, "yes" if (label, seed, spec) in counted else ""])
    return path


def markdown_table(shown: Sequence[Column]) -> str:
    """The columns as a Markdown table."""
    heads = " | ".join(column.heading for column in shown)
    rules = " | ".join("---:" if column.numeric else "---" for column in shown)
    lines = zip(*(column.cells for column in shown), strict=True)
    body = [" | ".join(cell.replace("|", r"\|") for cell in cells) for cells in lines]
    return "\n".join(f"| {line} |" for line in (heads, rules, *body))


def _markdown(
    table: Table, rows: Sequence[ResultRow], shown: Sequence[Column], sources: Sequence[str], images: dict[str, Path]
) -> str:
    links = links_of(table)
    listed = [f"{i}. [{s}]({links[s]})" if s in links else f"{i}. {s}" for i, s in enumerate(sources, start=1)]
    parts = [
        f"# {table.title}",
        table.description.strip(),
        markdown_table(shown),
        notes(table, rows),
        "\n\n".join(f"![{name.replace('_', ' ')}]({path.name})" for name, path in images.items()),
        "Sources of the reference values:\n\n" + "\n".join(listed) if listed else "",
        provenance(rows),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _page(
    table: Table, rows: Sequence[ResultRow], shown: Sequence[Column], sources: Sequence[str], images: dict[str, Path]
) -> str:
    links = links_of(table)
    template = Template((resources.files("rnnzoo.bench") / "templates" / "report.html").read_text(encoding="utf-8"))
    figures = []
    for name, path in images.items():
        words = html.escape(name.replace("_", " "))
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        figures.append(
            f'<figure><img alt="{words}" src="data:image/png;base64,{data}"><figcaption>{words}</figcaption></figure>'
        )
    items = [
        f'<li><a href="{html.escape(links[s], quote=True)}">{html.escape(s)}</a></li>' if s in links
        else f"<li>{html.escape(s)}</li>"
        for s in sources
    ]  # fmt: skip
    return template.substitute(
        title=html.escape(table.title),
        description=html.escape(table.description.strip()),
        table=_html_table(shown),
        notes=html.escape(notes(table, rows)),
        figures="\n".join(figures),
        sources=f"<ol>{''.join(items)}</ol>" if items else "<p>None.</p>",
        provenance=html.escape(provenance(rows)),
    )


def _html_table(shown: Sequence[Column]) -> str:
    def cell(tag: str, column: Column, text: str) -> str:
        style = ' class="number"' if column.numeric else ""
        return f"<{tag}{style}>{html.escape(text)}</{tag}>"

    head = "".join(cell("th", column, column.heading) for column in shown)
    body = "\n".join(
        "<tr>" + "".join(cell("td", column, text) for column, text in zip(shown, cells, strict=True)) + "</tr>"
        for cells in zip(*(column.cells for column in shown), strict=True)
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"


def notes(table: Table, rows: Sequence[ResultRow]) -> str:
    """How to read the table."""
    said = (
        [
            "Mean ± standard deviation over seeds; all splits measured once, with the checkpoint of the best "
            f"validation {table.monitor.metric}. Time an epoch is training alone, without validation."
        ]
        if table.race is None
        else race_notes(table.race, rows)
    )
    if table.trials:
        tried = " and ".join(
            f"{key} in {', '.join(spoken_value(value) for value in values)}" for key, values in table.trials.items()
        )
        said.append(
            f"Each model and seed was trained with every {tried}; the one that is best on validation counts, whatever "
            f"it does on the test split. All of them are in {table.name}-trials.csv."
        )
    if table.parameters is not None:
        said.append(
            f"Each layer's width was worked out so that the whole model has about {table.parameters:,} parameters."
        )
    labels = {row.label for row in rows}
    said += [f"{entry.label}: {entry.note.strip()}" for entry in table.entries if entry.note and entry.label in labels]
    old = superseded(table, rows)
    if old:
        said.append(f"{old} runs made under older settings of the same entries are left out.")
    if any(row.dirty for row in rows):
        said.append("Some runs were made from files that differ from the commit they name.")
    return " ".join(said)


def provenance(rows: Sequence[ResultRow]) -> str:
    """Where the numbers come from: commits, versions, devices, dates."""

    def each(values: Sequence[str]) -> str:
        return ", ".join(sorted({value for value in values if value})) or "unknown"

    packages = each([f"{name} {version}" for row in rows for name, version in row.versions.items()])
    dates = sorted(row.finished_at for row in rows)
    runs = len({(row.spec, row.layer, row.seed) for row in rows})
    return (
        f"{runs} runs, the first finished at {dates[0]}, the last at {dates[-1]}, on "
        f"{each([row.device for row in rows])}; precision {each([row.precision for row in rows])}; "
        f"commit {each([row.commit[:12] for row in rows])}; {packages}."
    )
