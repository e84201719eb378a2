"""The sections of docs/equal-budget.md: three tables at one parameter budget as one ranking."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from speed_rows import table

from rnnzoo.bench.collected import Collected
from rnnzoo.bench.report import table_rows
from rnnzoo.bench.standings import Standing, lacking, standings
from rnnzoo.bench.table import load_table
from rnnzoo.figures import Placed, rankings, save_figure

TABLES = {
    "equal-budget-digit-sum": "digit sum",
    "equal-budget-digits": "digits",
    "equal-budget-text": "text",
}


def collected(results: Path) -> dict[str, Collected]:
    """The tables with their rows."""
    loaded = {name: load_table(name) for name in TABLES}
    return {
        name: Collected(one, table_rows(one, results) if (results / name).is_dir() else [])
        for name, one in loaded.items()
    }


def placed(found: Mapping[str, Collected]) -> list[Standing]:
    """The layers that all the tables have rows of, by their mean place."""
    return [one for one in standings(found) if one.place is not None]


def ranking_section(results: Path) -> str:
    """One line a layer: place, what it reached, what it took, what it carries."""
    tables = collected(results)
    found = placed(tables)
    if not found:
        return missing(tables)
    lines = [
        (
            f"`{one.layer}`",
            one.kind,
            f"{one.place:.1f}",
            *(str(line.values["test", metric_of(tables, name)]) for name, line in one.lines.items()),
            f"{one.seconds:.0f}",
            one.sizes,
        )
        for one in found
    ]
    heads = [f">{said}: {metric_of(tables, name).replace('_', ' ')}" for name, said in TABLES.items()]
    made = table(("layer", "kind", ">mean place", *heads, ">seconds", ">numbers in the state"), lines)
    return "\n\n".join([made, f"![Every layer with 50,000 parameters](generated/{PICTURE})", missing(tables)]).strip()


def metric_of(tables: Mapping[str, Collected], name: str) -> str:
    """The number a table ranks by."""
    return tables[name].table.monitor.metric


def missing(tables: Mapping[str, Collected]) -> str:
    """Which tables lack layers, and the commands that make them."""
    left = [f"{count} in `rnnzoo bench run {name}`" for name, count in lacking(tables).items() if count]
    return f"Layers without rows yet: {', '.join(left)}." if left else ""


PICTURE = "equal-budget.png"


def equal_budget_picture(results: Path, out: Path) -> None:
    """The ranking as a picture, where there are rows."""
    tables = collected(results)
    found = placed(tables)
    if not found:
        return
    headings = {name: f"{said}: {metric_of(tables, name).replace('_', ' ')}" for name, said in TABLES.items()}
    drawn = [
        Placed(
            one.layer,
            one.kind,
            {headings[name]: line.values["test", metric_of(tables, name)].mean for name, line in one.lines.items()},
        )
        for one in found
    ]
    save_figure(rankings(drawn, list(headings.values()), title=TITLE), out / PICTURE)


TITLE = "Every layer with 50,000 parameters, by mean place"
