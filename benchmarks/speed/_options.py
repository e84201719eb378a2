"""The command's options, read and checked before anything is measured."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from _rows import RESULTS
from _shapes import SHAPES
from parts import PARTS

from rnnzoo.bench.environment import default_results
from rnnzoo.bench.interleaved import CLOCKS
from rnnzoo.registry import LAYERS, unknown


class Options(NamedTuple):
    """What is to be measured, and how."""

    parts: tuple[str, ...]
    cells: tuple[str, ...] | None  # None: those that the part measures by itself
    shapes: tuple[str, ...]
    threads: int = 2
    clock: str = "wall"
    rounds: int | None = None  # None: the part's own
    seconds: float | None = None
    write: bool = False
    resume: bool = False
    quick: bool = False
    results: Path = RESULTS

    def chosen(self, names: Sequence[str]) -> list[str]:
        """Those of a part's cells that were asked for, in the part's order."""
        return [name for name in names if self.cells is None or name in self.cells]


def read(arguments: Sequence[str] | None = None) -> Options:
    """The options on the command line.

    Raises:
        UnknownName: a part, cell or shape that there is not; the message has near misses.
    """
    parser = argparse.ArgumentParser(
        prog="python benchmarks/speed",
        description="Time every cell against every peer: candidates take turns in one process.",
        epilog="parts: " + "; ".join(f"{name}: {part.description}" for name, part in PARTS.items()),
    )
    parser.add_argument("--parts", help="some of the parts, joined by commas; default: all")
    parser.add_argument("--cells", help="some of the registered layers, joined by commas; default: the part's own")
    parser.add_argument("--shapes", help=f"some of {', '.join(SHAPES)}; default: the part's own")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--rounds", type=int, help="timed rounds of each measurement, at most; default: the part's own")
    parser.add_argument("--seconds", type=float, help="no further round is begun after so many; default: the part's")
    parser.add_argument("--write", action="store_true", help="append rows")
    parser.add_argument("--resume", action="store_true", help="leave out what has rows of this code and machine")
    parser.add_argument("--quick", action="store_true", help="tiny shapes and two rounds: does every part run?")
    parser.add_argument("--results", type=Path, help=f"the folder of the rows; default: {RESULTS}")
    given = parser.parse_args(arguments)
    for name in ("threads", "rounds"):
        if getattr(given, name) is not None and getattr(given, name) < 1:
            parser.error(f"--{name} is {getattr(given, name)}; expected at least 1.")
    return Options(
        parts=_names("part", given.parts, PARTS) or tuple(PARTS),
        cells=_names("layer", given.cells, LAYERS.names()),
        shapes=_names("shape", given.shapes, SHAPES) or tuple(SHAPES),
        threads=given.threads,
        clock=given.clock,
        rounds=given.rounds,
        seconds=given.seconds,
        write=given.write,
        resume=given.resume,
        quick=given.quick,
        results=given.results or (default_results(quick=True) / "speed" if given.quick else RESULTS),
    )


def _names(kind: str, given: str | None, known: Sequence[str] | dict) -> tuple[str, ...] | None:
    if given is None:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    for name in names:
        if name not in known:
            raise unknown(kind, name, known)
    return names or None
