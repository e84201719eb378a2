"""Compares the speed of candidates by interleaved rounds (``rnnzoo.bench.interleaved``): prints and appends rows."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from _rows import RESULTS, append

from rnnzoo.bench.interleaved import CLOCKS, interleave, ratios

__all__ = ["CLOCKS", "RESULTS", "compare", "conclude", "finding"]


def compare(
    name: str,
    candidates: Mapping[str, Callable[[], None]],
    *,
    baseline: str,
    rounds: int = 20,
    settings: Mapping[str, Any],
    out: Path | None = None,
    warmup: int = 2,
    clock: str = "wall",
) -> dict[str, float]:
    """Time every candidate in each of ``rounds`` rounds and print, for each, its median and its ratio to ``baseline``.

    Args:
        name: what is measured; rows go to ``<out>/<name>.jsonl``.
        candidates: label -> a call that does the work once.
        baseline: the label the others are divided by, round by round.
        rounds: how often each candidate runs; the order turns by one place a round.
        settings: the sizes and options of this measurement, kept in the row.
        out: the folder of the rows, usually ``RESULTS``; ``None`` writes nothing.
        warmup: rounds before those, not counted.
        clock: "wall", or "cpu": the processor time of this process, which other processes hardly disturb; for work
            of one thread the two are the same on a quiet machine.

    Returns:
        label -> median over rounds of its time over the baseline's.

    Raises:
        UnknownName: ``baseline`` is not among the candidates.
        KeyError: there is no such clock.
    """
    seconds = interleave(candidates, rounds=rounds, drop=warmup, now=CLOCKS[clock])
    return conclude(name, seconds, baseline=baseline, settings=settings, out=out, clock=clock)


def conclude(
    name: str,
    seconds: Mapping[str, Sequence[float]],
    *,
    baseline: str,
    settings: Mapping[str, Any],
    out: Path | None,
    clock: str,
) -> dict[str, float]:
    """Print what was measured, and append it to ``<out>/<name>.jsonl``; arguments and result as `compare`'s.

    Args:
        seconds: label -> its time in each round.
    """
    found = [finding(seconds, label, baseline) for label in seconds]
    rounds = len(seconds[baseline])
    print(f"\n{name} {json.dumps(dict(settings))}, threads {torch.get_num_threads()}, {rounds} rounds, {clock} time")
    print(f"{'candidate':<28}{'median ms':>12}{'ratio':>9}{'quartiles':>18}")
    for row in found:
        quartiles = f"{row['low']:.3f} .. {row['high']:.3f}"
        print(f"{row['candidate']:<28}{1e3 * row['seconds']:>12.3f}{row['ratio']:>9.3f}{quartiles:>18}")
    if out is not None:
        kept = [row for row in found if row["candidate"] != baseline]
        append(
            out / f"{name}.jsonl", [{"name": name, "settings": dict(settings), "clock": clock, **row} for row in kept]
        )
    return {row["candidate"]: row["ratio"] for row in found}


def finding(
    measured: Mapping[str, Sequence[float]], candidate: str, baseline: str, quantity: str = "seconds"
) -> dict[str, Any]:
    """A row's numbers: the candidate's ratio to the baseline over rounds, with quartiles, and both medians.

    Args:
        measured: label -> a value in each round.
        quantity: what the values are: "seconds" or "bytes".
    """
    middle, low, high = ratios({label: measured[label] for label in (candidate, baseline)}, baseline)[candidate]
    return {
        "candidate": candidate,
        "baseline": baseline,
        "ratio": middle,
        "low": low,
        "high": high,
        quantity: statistics.median(measured[candidate]),
        f"baseline_{quantity}": statistics.median(measured[baseline]),
        "rounds": len(measured[candidate]),
    }
