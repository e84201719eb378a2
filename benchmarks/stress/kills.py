"""Kills one kind of work again and again, and looks what that left."""

from __future__ import annotations

import functools
import itertools
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from attempts import Attempt
from files import Cache, Download
from victims import Fit, Processes, Training, Victim, Writing

KINDS: dict[str, Callable[[int], Victim]] = {
    "training": Training,
    "checkpoint": functools.partial(Writing, ending=".ckpt"),
    "rows": functools.partial(Writing, ending=".jsonl"),
    "fit": Fit,
    "cache": Cache,
    "download": Download,
    "processes": Processes,
}
KILLS = 3  # before an attempt is left alone
GIVE_UP = 600.0  # seconds for which an attempt may last


class Record:
    """What became of the kills of one kind."""

    def __init__(self) -> None:
        self.kills, self.late = 0, 0  # late: the attempt had ended by then
        self.found: Counter[str] = Counter()  # what the kills left: "half a file", ...
        self.wrong: list[str] = []
        self.seconds = 0.0


def stress(victim: Victim, kills: int, folder: Path, chance: random.Random) -> Record:
    """Kill ``victim`` ``kills`` times, ``KILLS`` times each before it may end."""
    record, began = Record(), time.monotonic()
    whole = folder / "whole"
    whole.mkdir(parents=True)
    unharmed = Attempt(victim, whole, widened=False)
    took = unharmed.finish(GIVE_UP)
    expected = victim.result(whole)
    for number in itertools.count():
        here, left = folder / f"killed-{number}", min(KILLS, kills - record.kills)
        here.mkdir()
        while left:
            attempt = Attempt(victim, here, widened=True)
            if not attempt.kill(chance, victim.window or took, GIVE_UP):
                record.late += 1
                break
            record.kills, left = record.kills + 1, left - 1
            record.found.update(victim.left(here))
            record.wrong += victim.broken(here)
        Attempt(victim, here, widened=False).finish(GIVE_UP)
        record.wrong += victim.broken(here)
        if victim.result(here) != expected:
            record.wrong.append(f"{here} ended otherwise than {whole}")
        if record.kills >= kills or record.late > 5 * kills:
            break
        shutil.rmtree(here, ignore_errors=True)
    record.seconds = time.monotonic() - began
    return record


def share_out(times: int, kinds: Sequence[str]) -> dict[str, int]:
    """``times`` over the kinds, the first ones getting the rest."""
    each, rest = divmod(times, len(kinds))
    return {kind: each + (i < rest) for i, kind in enumerate(kinds)}
