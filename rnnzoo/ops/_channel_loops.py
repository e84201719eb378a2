"""In which loops over channels a program is evaluated: one for what is pointwise, one more after a sum over channels.

A loop evaluates what later ones and the results need. What two loops use is stored, one number a channel, or evaluated
again where it is a single sum or product of what is there anyway.
"""

from __future__ import annotations

from typing import NamedTuple

from rnnzoo.ops._scalars import COMPARISONS, CUMULATIVE, LEAVES, OF_A_ROW, Program

CHEAP = ("add", "subtract", "multiply", "negate")


class Loop(NamedTuple):
    """One loop over channels, and what comes before it; numbers of scalars, each in order."""

    before: list[int]
    """Scalars that all channels share, and cumulative sums, which are stored."""
    body: list[int]
    """Scalars that it evaluates."""
    loads: list[int]
    """Scalars that it reads where they were stored before."""
    stores: list[int]
    """Scalars that it stores."""


class Schedule(NamedTuple):
    """The loops of a program, in order, and the place of each scalar that is stored."""

    loops: list[Loop]
    places: dict[int, int]


def schedule(program: Program) -> Schedule:
    """The loops of a program; the last one writes the results."""
    return _Scheduling(program).done()


class _Scheduling:
    def __init__(self, program: Program) -> None:
        self.scalars = program.scalars
        self.wanted = sorted({number for result in program.results for number in result if number is not None})
        self.of_row: list[bool] = []  # whether all channels share it; not of constants, which every loop has
        self.first: list[int] = []  # the first loop that can use it
        for operation, arguments in self.scalars:
            over = operation in OF_A_ROW or operation in CUMULATIVE
            given = () if operation in LEAVES else arguments
            shared = all(self.of_row[a] or self.scalars[a].operation == "constant" for a in given)
            self.of_row.append(operation in ("channels", *OF_A_ROW) or (bool(given) and shared and not over))
            self.first.append(max((self.first[a] for a in given), default=0) + over)
        taken = {s.arguments[0] for s in self.scalars if s.operation in OF_A_ROW or s.operation in CUMULATIVE}
        self.rows = sorted(n for n in taken if self.scalars[n].operation not in ("input", *CUMULATIVE))
        self.stored = {n for n, scalar in enumerate(self.scalars) if scalar.operation in CUMULATIVE} | set(self.rows)
        self.evaluated: dict[int, int] = {}  # by the first loop that does

    def done(self) -> Schedule:
        found = [self._loop(loop) for loop in range(max((self.first[number] for number in self.wanted), default=0) + 1)]
        places = {number: place for place, number in enumerate(sorted(self.stored))}
        loops = []
        for loop, (body, loads) in enumerate(found):
            stores = [n for n in places if self.evaluated.get(n) == loop]
            stores += [n for n in self.rows if self.of_row[n] and self.first[n] == loop]
            before = [
                n
                for n, scalar in enumerate(self.scalars)
                if self.first[n] == loop and (self.of_row[n] or scalar.operation in CUMULATIVE)
            ]
            loops.append(Loop(before, sorted(body), sorted(loads), stores))
        return Schedule(loops, places)

    def _loop(self, loop: int) -> tuple[set[int], set[int]]:
        """What a loop evaluates, and what it loads."""
        last = loop == max((self.first[number] for number in self.wanted), default=0)
        waiting = [n for n in self.rows if self.first[n] == loop] + (self.wanted if last else [])
        body: set[int] = set()
        loads: set[int] = set()
        while waiting:
            number = waiting.pop()
            if self.of_row[number] or number in body or number in loads:
                continue
            operation, arguments = self.scalars[number]
            if operation in CUMULATIVE or (self.evaluated.get(number, loop) < loop and not self._again(number)):
                loads.add(number)
                self.stored.add(number)
                continue
            body.add(number)
            self.evaluated.setdefault(number, loop)
            if operation not in LEAVES:
                waiting += arguments
        return body, loads

    def _again(self, number: int) -> bool:
        """Whether it costs no more to evaluate a scalar again than to load it."""
        operation, arguments = self.scalars[number]
        if number in self.stored:
            return False
        if operation in CHEAP:
            return all(self.of_row[a] or self.scalars[a].operation in LEAVES for a in arguments)
        return operation in LEAVES or operation in COMPARISONS
