"""The front page: every layer ranked at equal budgets, cost beside quality, and the way to every table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rnnzoo.bench.collected import Collected
from rnnzoo.bench.complete import Progress
from rnnzoo.bench.site.marks import Head, Html, Row, code, escaped, kind_cell, link, page, table
from rnnzoo.bench.site.scatter import Dot, scatter
from rnnzoo.bench.site.table_page import Shown
from rnnzoo.bench.standings import Standing, budget_tables, lacking, standings
from rnnzoo.bench.summary import Line, spoken_time
from rnnzoo.bench.table import Table
from rnnzoo.registry import LAYERS


def front_page(collected: Mapping[str, Collected], shown: Mapping[str, Shown], states: Mapping[str, Progress]) -> str:
    """The whole page.

    Args:
        collected: every table, by name.
        shown: those that have rows.
        states: how far each of ``collected`` is.
    """
    runs = sum(one.runs for one in shown.values())
    rows = sum(len(one.rows) for one in shown.values())
    last = max(row.finished_at for one in shown.values() for row in one.rows)[:10]
    told = (
        f"{len(LAYERS.names())} recurrent layers, {len(shown)} of {len(collected)} tables measured: {runs:,} runs, "
        f"{rows:,} numbers, the last of {last}."
    )
    parts = [
        "<h1>rnnzoo: the benchmark tables</h1>",
        f"<p>{told} Every number comes from a result row, and every page the command that makes its rows again.</p>",
        "<h2>Every layer at equal budgets</h2>",
        *_ranking(collected, shown),
        "<h2>All tables</h2>",
        _tables(collected, shown, states),
    ]
    return page("rnnzoo: the benchmark tables", "\n".join(part for part in parts if part))


def _ranking(collected: Mapping[str, Collected], shown: Mapping[str, Shown]) -> list[str]:
    """The ranking over the tables of equal budgets that have rows, what it lacks, and its picture."""
    names = budget_tables({name: found.table for name, found in collected.items()})
    there = {name: collected[name] for name in names if name in shown}
    absent = [code(f"rnnzoo bench run {name}") for name in names if name not in shown]
    waiting = f"<p>Without rows yet: {', '.join(absent)}.</p>" if absent else ""
    if not there:
        return [waiting]
    found = standings(there)
    ranked = [one for one in found if one.place is not None]
    tasks = ", ".join(
        f"{link(f'tables/{name}.html', spoken(name))} ({budget(one.table)})" for name, one in there.items()
    )
    left = [f"{count} in {escaped(spoken(name))}" for name, count in lacking(there).items() if count]
    words = (
        f"<p>In each of these tasks all layers have the same number of parameters, and the same trials: {tasks}. "
        f"Layers stand by their mean place among the {len(ranked)} that all of the tasks have; those that lack one "
        "have no place. Training time is that of the trainings that count, all tasks together; a state is what one "
        "layer carries from step to step, in numbers.</p>"
    )
    lacks = f'<p class="soft">Layers without rows: {", ".join(left)}.</p>' if left else ""
    dots = [Dot(one.layer, one.kind, one.seconds, one.place) for one in ranked if one.place is not None]
    return [words, lacks, waiting, _ranked_table(found, there), scatter(dots)]


def _ranked_table(found: Sequence[Standing], there: Mapping[str, Collected]) -> str:
    heads = [
        Head("layer"), Head("place", True), Head("kind"), Head("mean place", True),
        *(Head(f"{spoken(name)}: {metric(one.table)}", True) for name, one in there.items()),
        Head("training", True), Head("state", True),
    ]  # fmt: skip
    placed = [one.place for one in found if one.place is not None]
    rows = [
        Row(
            (
                one.layer,
                "" if one.place is None else str(1 + sum(other < one.place for other in placed)),
                kind_cell(one.kind),
                "" if one.place is None else f"{one.place:.1f}",
                *(_value(one.lines.get(name), each.table) for name, each in there.items()),
                spoken_time(one.seconds),
                one.sizes,
            ),
            one.kind,
        )
        for one in found
    ]
    return table(heads, rows, "Every layer at equal budgets", filtered=True)


def _tables(collected: Mapping[str, Collected], shown: Mapping[str, Shown], states: Mapping[str, Progress]) -> str:
    """One line a table: those with rows first, each with a link to its page."""
    heads = [
        Head("table"), Head("state"), Head("runs", True), Head("what it is"), Head("task"), Head("best"),
        Head("last run"),
    ]  # fmt: skip
    rows = []
    for name in sorted(collected, key=lambda name: (name not in shown, name)):
        one, state, table_ = shown.get(name), states[name], collected[name].table
        share = 100 * state.there // max(state.wanted, 1)
        bar = Html(f'<span class="bar"><i style="width:{share}%"></i></span>{escaped(str(state))}')
        rows.append(
            Row(
                (
                    link(f"tables/{name}.html", name) if one else name,
                    bar if one else Html(f"no rows yet: {code(f'rnnzoo bench run {name}')}"),
                    f"{one.runs:,}" if one else "0",
                    table_.title,
                    table_.task.replace("_", " "),
                    best(one) if one else "",
                    max(row.finished_at for row in one.rows)[:10] if one else "",
                )
            )
        )
    return table(heads, rows, "All tables")


def best(one: Shown) -> str:
    """The line of a table that is best by its own number on the test split; "" where that would say little.

    Of a table that varies something, each value has a best of its own; a race has none.
    """
    if one.table.race is not None or len({str(line.variant) for line in one.lines}) > 1:
        return ""
    key = ("test", one.table.monitor.metric)
    held = [line for line in one.lines if key in line.values]
    if not held:
        return ""
    choose = max if one.table.monitor.mode == "max" else min
    found = choose(held, key=lambda line: line.values[key].mean)
    return f"{found.label}: {metric(one.table)} {found.values[key]}"


def _value(line: Line | None, table_: Table) -> str:
    return str(line.values["test", table_.monitor.metric]) if line else ""


def metric(table_: Table) -> str:
    """What a table ranks by, in words."""
    return table_.monitor.metric.replace("_", " ")


def spoken(name: str) -> str:
    """A table of the ranking, in words."""
    return name.removeprefix("equal-budget-").replace("-", " ")


def budget(table_: Table) -> str:
    """How many parameters each layer has there."""
    return f"{table_.parameters:,} parameters"
