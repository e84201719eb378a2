"""Compares the speed of candidates by interleaved rounds (``rnnzoo.bench.interleaved``): prints and appends rows."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from rnnzoo.bench.environment import processor
from rnnzoo.bench.interleaved import CLOCKS, interleave, ratios

__all__ = ["CLOCKS", "RESULTS", "compare", "conclude"]

RESULTS = Path(__file__).resolve().parent.parent / "results" / "speed"


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
        KeyError: ``baseline`` is not among the candidates, or there is no such clock.
    """
    if baseline not in candidates:
        raise KeyError(f"baseline '{baseline}' is not a candidate; candidates: {', '.join(candidates)}")
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
    rounds = len(seconds[baseline])
    print(f"\n{name} {json.dumps(dict(settings))}, threads {torch.get_num_threads()}, {rounds} rounds, {clock} time")
    print(f"{'candidate':<28}{'median ms':>12}{'ratio':>9}{'quartiles':>18}")
    rows = []
    for label, (middle, low, high) in ratios(seconds, baseline).items():
        median = statistics.median(seconds[label])
        print(f"{label:<28}{1e3 * median:>12.3f}{middle:>9.3f}{f'{low:.3f} .. {high:.3f}':>18}")
        rows.append({"candidate": label, "seconds": median, "ratio": middle, "low": low, "high": high})
    if out is not None:
        about = {"name": name, "baseline": baseline, "rounds": rounds, "clock": clock}
        _append(out / f"{name}.jsonl", rows, about, settings)
    return {row["candidate"]: row["ratio"] for row in rows}


def _append(path: Path, rows: list[dict[str, Any]], about: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    machine = {
        "settings": dict(settings),
        "versions": {"python": platform.python_version(), "torch": version("torch")},
        "threads": torch.get_num_threads(),
        "cpu": processor(),
        "cores": os.cpu_count(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "finished_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for row in rows:
            file.write(json.dumps({**about, **row, **machine}) + "\n")


def _git(*arguments: str) -> str:
    here = Path(__file__).resolve().parent
    done = subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=False)
    return done.stdout.strip() or ("" if done.returncode == 0 else "unknown")
