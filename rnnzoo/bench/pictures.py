"""From a table's summary to the pictures that its file asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.race import PASSES, parse_size
from rnnzoo.bench.summary import Line
from rnnzoo.bench.table import Table
from rnnzoo.bench.trace_pictures import confusion, gradient_norms, gradient_reach
from rnnzoo.registry import unknown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnzoo.figures import Curve


class Drawn(NamedTuple):
    """What a picture is made of: a table, the lines of its summary, and the folder of its rows (for their traces)."""

    table: Table
    lines: Sequence[Line]
    results: Path


def pictures(drawn: Drawn) -> dict[str, Figure]:
    """The pictures that the table asks for, by name.

    Raises:
        UnknownName: the table asks for a picture that there is not.
        TableError: the picture needs a variant (such as length) that the table does not vary.
    """
    made = {}
    for name in drawn.table.figures:
        if name not in MAKERS:
            raise unknown("figure", name, MAKERS)
        made[name] = MAKERS[name](drawn)
    return made


def _accuracy(drawn: Drawn, key: str = "length", **look: Any) -> Figure:
    from rnnzoo.figures import accuracy_against_length

    table, lines, _ = drawn
    classes = _classes(table)
    return accuracy_against_length(
        _curves(table, lines, "test", "accuracy", key),
        _references(table, lines, key),
        chance=1 / classes if classes else None,
        title=table.title,
        **look,
    )


def _accuracy_against_lag(drawn: Drawn) -> Figure:
    return _accuracy(drawn, "lag", x="lag between the symbol and the question (steps)", logarithmic=True)


def _accuracy_against_width(drawn: Drawn) -> Figure:
    return _accuracy(drawn, "hidden_size", x="width of the layers", logarithmic=True)


def _loss(drawn: Drawn) -> Figure:
    from rnnzoo.figures import loss_against_length

    table, lines, _ = drawn
    units = [value.unit for line in lines for (_, metric), value in line.values.items() if metric == "loss"]
    return loss_against_length(
        _curves(table, lines, "train", "loss"),
        _curves(table, lines, "test", "loss"),
        unit=units[0] if units else "nats",
        title=table.title,
    )


def _comparison(drawn: Drawn) -> Figure:
    from rnnzoo.figures import Bar, comparison

    table, lines, _ = drawn
    metric = table.monitor.metric
    bars = []
    for line in lines:
        value = line.values.get(("test", metric))
        varied = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in line.variant.items())
        references = [reference.value for reference in line.references]
        bars.append(Bar(line.label, value.mean if value else None, value.spread if value else None, references, varied))
    panels = list(dict.fromkeys(bar.panel for bar in bars)) or [""]
    bars += [
        Bar(reference.model, None, None, [reference.value], panel)
        for reference in table.references
        for panel in panels
        if reference.model
    ]
    return comparison(bars, metric=f"test {metric}", title=table.title)


def _ranking(drawn: Drawn) -> Figure:
    from rnnzoo.figures import Ranked, ranking

    table, lines, _ = drawn
    if table.variants:
        varied = " and ".join(table.variants)
        raise TableError(f"table {table.name}: the picture ranking shows one number a layer, and {varied} varies.")
    metric = table.monitor.metric
    classes = _classes(table) if metric == "accuracy" else None
    ranked, baselines = [], {}
    for line in lines:
        value = line.values.get(("test", metric))
        if value is not None and line.layer == "none":
            baselines[line.label] = value.mean
        elif value is not None:
            ranked.append(Ranked(line.label, line.kind, value.mean, value.spread))
    return ranking(
        ranked,
        metric=f"test {metric}",
        baselines={**baselines, **({"chance": 1 / classes} if classes else {})},
        higher_is_better=table.monitor.mode == "max",
        title=table.title,
    )


def _relative_time(drawn: Drawn) -> Figure:
    from rnnzoo.figures import Timing, relative_time

    table, lines, _ = drawn
    if table.race is None:
        raise TableError(f"table {table.name}: the picture relative_time shows a race, and the table has no `race`.")
    baseline = table.race.contestants[0]
    timings = []
    for line in lines:
        size = parse_size(line.variant["size"], f"table {table.name}")
        work = "{B} rows x {T} steps\n{I} features, {H} hidden".format(**size)
        for split in PASSES if line.label != baseline else ():
            ratio, low, high = (line.values[split, name].mean for name in ("ratio", "ratio_low", "ratio_high"))
            timings.append(Timing(split, f"{line.layer}, {work}", line.label, ratio, low, high))
    return relative_time(timings, baseline=baseline, title=table.title)


MAKERS: dict[str, Callable[[Drawn], Figure]] = {
    "accuracy_against_length": _accuracy,
    "accuracy_against_lag": _accuracy_against_lag,
    "accuracy_against_width": _accuracy_against_width,
    "loss_against_length": _loss,
    "comparison": _comparison,
    "ranking": _ranking,
    "relative_time": _relative_time,
    "confusion": confusion,
    "gradient_norms_against_step": gradient_norms,
    "gradient_reach": gradient_reach,
}


def _curves(table: Table, lines: Sequence[Line], split: str, metric: str, key: str = "length") -> list[Curve]:
    from rnnzoo.figures import Curve

    _needs_variant(table, key)
    found: dict[str, list[tuple[float, float, float | None]]] = {}
    for line in lines:
        value = line.values.get((split, metric))
        if value is not None:
            found.setdefault(line.label, []).append((float(line.variant[key]), value.mean, value.spread))
    curves = []
    for label, points in found.items():
        x, y, spread = zip(*sorted(points), strict=True)
        curves.append(Curve(label, x, y, spread))
    return curves


def _references(table: Table, lines: Sequence[Line], key: str) -> list[Curve]:
    from rnnzoo.figures import Curve

    measured = [(line.label, line.variant) for line in lines]
    found: dict[str, list[tuple[float, float]]] = {}
    for reference in table.references:
        if (reference.label, reference.variant) in measured and reference.split == "test":
            found.setdefault(reference.label, []).append((float(reference.variant[key]), reference.value))
    return [Curve(label, *map(tuple, zip(*sorted(points), strict=True))) for label, points in found.items()]


def _needs_variant(table: Table, key: str) -> None:
    if key not in table.variants:
        raise TableError(f"table {table.name}: a picture against {key} needs `variants: {{{key}: [...]}}`.")


def _classes(table: Table) -> int | None:
    """The number of classes, where the data is generated and its spec costs nothing."""
    from rnnzoo.registry import DATA

    data = {**table.data}
    name = data.pop("name")
    if DATA.entry(name).source:
        return None
    return DATA.create(name, **data).spec.get("output_size")
