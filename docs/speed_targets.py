"""The aims for speed, what was measured of each, and whether it holds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from speed_rows import USUAL, Row, Rows, against, median, short, table

from rnnzoo import create_layer
from rnnzoo.bench.growth import exponents
from rnnzoo.registry import LAYERS

LINEAR = 1.1
"""The most that a slope may be which is to be 1: caches end, and the clock is not exact."""


class Found(NamedTuple):
    """What the rows say of an aim."""

    measured: str
    holds: bool


class Target(NamedTuple):
    """An aim, the rows it is about, and how they are judged."""

    says: str
    rows: Callable[[Rows], list[Row]]
    judge: Callable[[list[Row]], Found]


def never_above(most: float) -> Callable[[list[Row]], Found]:
    """Every row's ratio is at most this."""

    def judge(rows: list[Row]) -> Found:
        worst = max(rows, key=lambda row: row["ratio"])
        holding = sum(row["ratio"] <= most for row in rows)
        words = f"{holding} of {len(rows)}; worst {short(worst['ratio'])} ({described(worst)})"
        return Found(words, holding == len(rows))

    return judge


def median_at_most(most: float) -> Callable[[list[Row]], Found]:
    """The rows' median ratio is at most this."""
    return lambda rows: Found(f"{short(median(rows))}, median of {len(rows)}", median(rows) <= most)


def grows_linearly(rows: list[Row]) -> Found:
    """The time grows at most as T to `LINEAR`."""
    slopes = {cell: slope for (cell, _), slope in exponents(rows).items()}
    worst = max(slopes, key=lambda cell: slopes[cell])
    longest = max(row["settings"]["T"] for row in rows)
    holding = sum(slope <= LINEAR for slope in slopes.values())
    words = f"{holding} of {len(slopes)} to T = {longest:,}; steepest T^{slopes[worst]:.2f} ({worst})"
    return Found(words, holding == len(slopes))


def described(row: Row) -> str:
    """Which comparison a row is, in a few words."""
    settings = row["settings"]
    said = [settings.get("cell", settings.get("backend", "")), settings.get("form", "")]
    if "shape" in settings:
        said.append(f"at {settings['shape']}")
    else:
        said.append(", ".join(f"{letter} {settings[letter]}" for letter in "BTCH" if letter in settings))
    if settings.get("num_layers", 1) > 1:
        said.append("2 layers, both directions")
    said += [form for form in [settings.get("input")] if form in ("packed", "lengths")]
    if row["name"] == "native":
        said.append(f"{row['threads']} thread{'s' * (row['threads'] > 1)}")
        said += ["tuned allocator"] if row["allocator"] != "default" else []
    return ", ".join(word for word in said if word).replace(", at ", " at ")


@functools.cache
def has_one_state(cell: str) -> bool:
    """Whether a layer is parallel over time and carries one number a channel, windows of its input aside."""
    entry = LAYERS.entry(cell)
    if not entry.parallel:
        return False
    I, H = 10, 8
    shapes = create_layer(cell, I, H).cells[0].state_shapes
    return shapes.count((H,)) == 1 and all(shape == (H,) or (len(shape) == 2 and shape[1] == I) for shape in shapes)


def _gated(*shapes: str) -> Callable[[Rows], list[Row]]:
    return lambda rows: [row for shape in shapes for row in rows.part("gated", shape=shape, **TRAINING)]


def _long(rows: Rows, shapes: Sequence[str], baseline: str = "torch.nn.GRU") -> list[Row]:
    return [row for s in shapes for row in against(rows.part("all", shape=s, **TRAINING), baseline)]


def _native(rows: Rows, **settings: str) -> list[Row]:
    return [row for row in rows.part("native", usual=False, **settings) if row["threads"] == USUAL["threads"]]


def _native_at_a(rows: Rows) -> list[Row]:
    found = _native(rows, shape="A", input="padded")
    return [row for row in found if "num_layers" not in row["settings"] and row["allocator"] == "default"]


def _scan(what: str) -> Callable[[Rows], list[Row]]:
    return lambda rows: rows.part("scan", of="scan", backend="c", **{"pass": what})


TRAINING = {"pass": "training"}
TARGETS = (
    Target(
        "LSTM, GRU and RNN: never above 1.05 of torch.nn's, with the default allocator and a tuned one",
        _native, never_above(1.05),
    ),
    Target("the same at A, padded rows: 0.7 or less", _native_at_a, never_above(0.7)),
    Target("every layer of torchrecurrent: 0.6 of its time or less at A and B", _gated("A", "B"), never_above(0.6)),
    Target("their median at A and B: 0.35 or less", _gated("A", "B"), median_at_most(0.35)),
    Target(
        "minGRU: 0.25 of minGRU-pytorch's or less at A to D",
        lambda rows: rows.part("scan", of="layer", cell="mingru", form="plain", **TRAINING), never_above(0.25),
    ),
    Target(
        "minGRU: 0.5 of nn.GRU or less at A",
        lambda rows: [row for row in _long(rows, "A") if row["settings"]["cell"] == "mingru"], never_above(0.5),
    ),
    Target(
        "minGRU: 0.15 of nn.GRU or less at C and D",
        lambda rows: [row for row in _long(rows, "CD") if row["settings"]["cell"] == "mingru"], never_above(0.15),
    ),
    Target(
        "every scan with one state a channel: 0.3 of nn.GRU or less at C and D",
        lambda rows: [row for row in _long(rows, "CD") if has_one_state(row["settings"]["cell"])], never_above(0.3),
    ),
    Target("the scan, forward: 3 elementwise additions or less", _scan("forward"), never_above(3.0)),
    Target("the scan, backward: 6 elementwise additions or less", _scan("backward"), never_above(6.0)),
    Target(
        "the matrix recurrence, in native code and in chunks: 0.1 of its loop over steps or less",
        lambda rows: against(rows.part("matrix"), "steps"), never_above(0.1),
    ),
    Target(
        "the matrix recurrence: 0.5 of fla-core's chunked references in torch or less",
        lambda rows: [row for row in against(rows.part("matrix"), "fla-core") if row["candidate"] == "rnnzoo"],
        never_above(0.5),
    ),
    Target(
        "a forecast of 720 steps, one told to the next: 1.5 of the steps of its layers or less",
        lambda rows: rows.part("forecast"), never_above(1.5),
    ),
    Target(
        "peak memory of a training step: 1.2 of torchrecurrent's or less",
        lambda rows: against(rows.part("memory"), "torchrecurrent"), never_above(1.2),
    ),
    Target(
        "peak memory of a scan with one state a channel: 0.6 of minGRU-pytorch's or less",
        lambda rows: [
            row for row in against(rows.part("memory"), "minGRU-pytorch") if has_one_state(row["settings"]["cell"])
        ],
        never_above(0.6),
    ),
    Target(
        "one step of LSTM: 1.3 of nn.LSTMCell or less",
        lambda rows: against(rows.part("step", cell="lstm"), "torch.nn.LSTMCell"), never_above(1.3),
    ),
    Target(
        f"time grows linearly in T (at most T^{LINEAR})", lambda rows: rows.part("growth", along="T"), grows_linearly
    ),
)  # fmt: skip


def targets_section(rows: Rows) -> str:
    """One line a target."""
    lines = []
    for target in TARGETS:
        about = target.rows(rows)
        found = target.judge(about) if about else None
        verdict = "not measured" if found is None else "holds" if found.holds else "**does not hold**"
        lines.append((target.says, "" if found is None else found.measured, verdict))
    return table(("aim", "measured", "verdict"), lines)
