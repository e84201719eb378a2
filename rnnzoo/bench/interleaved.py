"""Times candidates fairly on a busy machine: rounds that run each of them in turn, in one process.

Only ratios within a round are compared, so that a slow minute of the machine slows every candidate alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch

from rnnzoo.registry import unknown

CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
"""``cpu`` is the processor time of this process, which other processes hardly disturb; for work of one thread the two
are the same on a quiet machine."""


class Ratio(NamedTuple):
    """A candidate's time over the baseline's: median and quartiles over rounds."""

    median: float
    low: float
    high: float


def interleave(
    candidates: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    drop: int = 2,
    seconds: float = float("inf"),
    least: int = 10,
    now: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Run every candidate once in each round and time it; the order turns by one place a round.

    Args:
        candidates: label -> a call that does the work once.
        rounds: how many rounds are timed, at most.
        drop: rounds before those, which are not counted.
        seconds: no further round is begun once the timed ones took as long, but ``least`` are timed in any case.
        now: the clock, in seconds.

    Returns:
        label -> seconds, one value a round.

    Raises:
        ValueError: no round is asked for, or fewer than none dropped.
    """
    if rounds < 1 or drop < 0:
        raise ValueError(f"rounds is {rounds} and drop {drop}; expected at least 1 round and no fewer than 0 dropped.")
    labels = list(candidates)
    measured: dict[str, list[float]] = {label: [] for label in labels}
    spent = 0.0
    for turn in range(drop + rounds):
        if turn - drop >= least and spent >= seconds:
            break
        start = turn % len(labels)
        for label in labels[start:] + labels[:start]:
            took = _timed(candidates[label], now)
            if turn >= drop:
                measured[label].append(took)
                spent += took
    return measured


def ratios(measured: Mapping[str, Sequence[float]], baseline: str) -> dict[str, Ratio]:
    """Each candidate's ratio to ``baseline``, taken round by round.

    Raises:
        UnknownName: ``baseline`` is not among the candidates.
    """
    if baseline not in measured:
        raise unknown("candidate", baseline, measured)
    found = {}
    for label, seconds in measured.items():
        each = [mine / base for mine, base in zip(seconds, measured[baseline], strict=True)]
        low, middle, high = statistics.quantiles(each, n=4, method="inclusive") if len(each) > 1 else each * 3
        found[label] = Ratio(middle, low, high)
    return found


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch computes with this many threads; afterwards with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _timed(call: Callable[[], object], now: Callable[[], float]) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = now()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return now() - start
