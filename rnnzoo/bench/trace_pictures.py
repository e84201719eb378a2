"""The pictures that are drawn from traces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnnzoo.bench.errors import TableError
from rnnzoo.bench.traces import Traced, load_traces

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnzoo.bench.pictures import Drawn
    from rnnzoo.figures import Band

UNCLIPPED, CLIPPED = "without clipping", "with clipping, before it"
PER_DOUBLING = 6
QUARTILES = (0.25, 0.5, 0.75)


def gradient_norms(drawn: Drawn) -> Figure:
    """The trace ``gradient_norms``: runs without clipping above those with it."""
    from rnnzoo.callbacks.gradient_norm_trace import CLIPPED as SUFFIX
    from rnnzoo.callbacks.gradient_norm_trace import SMALL
    from rnnzoo.figures import gradient_norms_against_step

    table, lines, results = drawn
    ended = {line.label: line.values.get(("train", "diverged_at_step")) for line in lines}
    runs: dict[str, list[Traced]] = {}
    for traced in load_traces(results, table, lines, "gradient_norms"):
        runs.setdefault(traced.label, []).append(traced)
    panels: dict[str, dict[str, list[Band]]] = {UNCLIPPED: {}, CLIPPED: {}}
    for label, found in runs.items():
        names = list(dict.fromkeys(name for traced in found for record in traced.records for name in record))
        group = panels[CLIPPED if any(name.endswith(SUFFIX) for name in names) else UNCLIPPED]
        many = ended[label]
        shown = label if many is None else f"{label} (diverges: {many.n} of {len(found)})"
        for name in names:
            if name != "step" and not name.endswith(SUFFIX):
                group.setdefault(f"gradient of {name}", []).append(_band(shown, found, name))
    return gradient_norms_against_step(
        {group: row for group, row in panels.items() if row}, small=SMALL, title=table.title
    )


def gradient_reach(drawn: Drawn) -> Figure:
    """The trace ``gradient_reach``: at the start, and after training at the middle and the largest lag of the table."""
    from rnnzoo.figures import gradient_reach as figure

    table, lines, results = drawn
    if "lag" not in table.variants:
        raise TableError(f"table {table.name}: the picture gradient_reach needs `variants: {{lag: [...]}}`.")
    runs: dict[int, dict[str, list[Traced]]] = {}
    for traced in load_traces(results, table, lines, "gradient_reach"):
        runs.setdefault(traced.variant["lag"], {}).setdefault(traced.label, []).append(traced)
    lags = sorted(runs)
    panels = {"at the start": _reach(runs[lags[-1]], "start")} if lags else {}
    for lag in sorted({*lags[(len(lags) - 1) // 2 :][:1], *lags[-1:]}):
        panels[f"after training at lag {lag}"] = _reach(runs[lag], "end")
    return figure(panels, fraction=table.traces["gradient_reach"].get("fraction", 0.01), title=table.title)


def confusion(drawn: Drawn) -> Figure:
    """The trace ``confusion`` of the entry with the best test metric, all its seeds together."""
    from rnnzoo.figures import confusion as figure

    table, lines, results = drawn
    metric, sign = table.monitor.metric, 1 if table.monitor.mode == "max" else -1
    measured = {i: line.values["test", metric].mean for i, line in enumerate(lines) if ("test", metric) in line.values}
    if not measured:
        raise TableError(f"table {table.name}: the picture confusion needs an entry with a row of test {metric}.")
    best = lines[max(measured, key=lambda i: sign * measured[i])]
    runs = load_traces(results, table, [best], "confusion")
    labels = list(runs[0].records[0])
    counts = np.array([[[int(record[label]) for label in labels] for record in traced.records] for traced in runs])
    seeds = f"{len(runs)} seeds" if len(runs) > 1 else "one seed"
    return figure(counts.sum(0).tolist(), labels, title=f"{table.title}\n{best.label}, {seeds}")


def _reach(runs: dict[str, list[Traced]], when: str) -> list[Band]:
    from rnnzoo.figures import Band

    bands = []
    for label, found in runs.items():
        norms = np.array([[record[when] for record in traced.records] for traced in found])  # (seeds, lags)
        low, middle, high = np.quantile(norms, QUARTILES, axis=0).tolist()
        bands.append(Band(label, [record["lag"] for record in found[0].records], middle, low, high))
    return bands


def _band(label: str, runs: Sequence[Traced], name: str) -> Band:
    """Median and quartiles over the runs and, as steps grow many, over neighbouring ones: ``PER_DOUBLING`` windows for
    each doubling of the step. Left out are windows that fewer than half of the runs reached.
    """
    from rnnzoo.figures import Band

    windows: dict[int, list[tuple[int, int, float]]] = {}
    for number, traced in enumerate(runs):
        for record in traced.records:
            step = int(record["step"]) + 1
            windows.setdefault(int(PER_DOUBLING * math.log2(step)), []).append((number, step, record[name]))
    shown = [window for _, window in sorted(windows.items()) if 2 * len({run for run, *_ in window}) >= len(runs)]
    low, middle, high = (
        [float(np.quantile([value for *_, value in window], q)) for window in shown] for q in QUARTILES
    )
    return Band(label, [float(np.mean([step for _, step, _ in window])) for window in shown], middle, low, high)
