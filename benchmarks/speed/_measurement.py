"""What a part plans: measurements, each of one or more comparisons that share their rounds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from rnnzoo.bench.interleaved import CLOCKS, interleave

if TYPE_CHECKING:
    from _options import Options

Calls = Callable[[Collection[str]], Mapping[str, Callable[[], object]]]
"""Builds the calls with these labels."""


class Comparison(NamedTuple):
    """What a row will say: a candidate held against a baseline."""

    settings: Mapping[str, Any]
    candidate: str  # labels, as in `Calls`
    baseline: str


class Box(NamedTuple):
    """How long a measurement goes on."""

    rounds: int  # at most
    seconds: float  # no further round begins after so many
    least: int = 5  # but so many are made in any case
    drop: int = 1  # rounds before, which warm up

    def under(self, options: Options) -> Box:
        """The same with what the command line says."""
        rounds = options.rounds or (2 if options.quick else self.rounds)
        seconds = self.seconds if options.seconds is None else options.seconds
        return Box(rounds, seconds, min(self.least, rounds), 0 if options.quick else self.drop)


@dataclass(frozen=True)
class Measurement:
    """Comparisons that are measured together."""

    part: str
    comparisons: Sequence[Comparison]
    measure: Callable[[Collection[str]], Mapping[str, Sequence[float]]]  # labels -> the values of each, by round
    cost: float  # seconds it is thought to take
    threads: int
    clock: str = "wall"
    quantity: str = "seconds"


@dataclass(frozen=True)
class Elsewhere:
    """A part that is measured again by a process with another environment, which writes its own rows."""

    part: str
    environment: Mapping[str, str]
    cost: float


@dataclass
class Plan:
    """What a part will do, and what it leaves out with the reason."""

    steps: list[Measurement | Elsewhere] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def race(
    part: str,
    comparisons: Sequence[Comparison],
    calls: Calls,
    *,
    box: Box,
    cost: float,
    options: Options,
    repeats: int = 1,
    threads: int | None = None,
) -> Measurement:
    """A measurement in which calls take turns.

    Args:
        calls: builds them; only those are built that a wanted comparison needs.
        cost: seconds a round is thought to take.
        repeats: how often a call does the work; times are those of doing it once.
        threads: of this measurement; None: those of the options.
    """
    box = box.under(options)

    def measure(labels: Collection[str]) -> dict[str, list[float]]:
        taken = interleave(
            calls(labels), rounds=box.rounds, drop=box.drop, seconds=box.seconds, least=box.least,
            now=CLOCKS[options.clock],
        )  # fmt: skip
        return {label: [seconds / repeats for seconds in values] for label, values in taken.items()}

    made = min(box.rounds, max(box.least, box.seconds / cost)) + box.drop
    return Measurement(part, comparisons, measure, made * cost, threads or options.threads, options.clock)


def groups(names: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    """The names, ``size`` at a time: those of a group share the rounds of their baselines."""
    return [names[start : start + size] for start in range(0, len(names), size)]
