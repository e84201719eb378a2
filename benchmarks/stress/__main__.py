"""Kills what is at work with SIGKILL, at random moments, and looks whether anything was lost.

    python benchmarks/stress --times 50 [--kinds training,rows] [--processes 2] [--seed 0]

After each kill nothing half-written may be there to be read, and the next attempt has to go on. Behind three kills one
attempt is left alone to the end: its result has to be that of one that was never killed, to the last bit. Exit status
1 where it was not.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import random
import shutil
import sys
import tempfile
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


def main() -> int:
    """Stress every kind, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50, metavar="N", help="kills, over all kinds (50)")
    parser.add_argument("--kinds", default="", metavar="A,B", help=f"only these of {', '.join(KINDS)}")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="of one training: of the kind processes")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    kinds = [kind for kind in options.kinds.split(",") if kind] or list(KINDS)
    for kind in kinds:
        if kind not in KINDS:
            parser.error(f"there is no kind {kind}; expected some of {', '.join(KINDS)}")
    folder, wrong = Path(tempfile.mkdtemp(prefix="stress-")), []
    print(f"{'kind':<12}{'kills':>6}{'too late':>10}{'wrong':>7}{'seconds':>9}  what the kills left")
    for kind, kills in share_out(options.times, kinds).items():
        if not kills:
            continue
        victim = KINDS[kind](options.processes)
        with victim:
            record = stress(victim, kills, folder / kind, random.Random(f"{options.seed} {kind}"))
        left = ", ".join(f"{words} {count}" for words, count in record.found.most_common())
        line = f"{kind:<12}{record.kills:>6}{record.late:>10}{len(record.wrong):>7}{record.seconds:>9.0f}  {left}"
        print(line, flush=True)
        wrong += record.wrong
    for what in wrong:
        print(f"wrong: {what}")
    if wrong:
        print(f"kept for a look: {folder}")
        return 1
    shutil.rmtree(folder)
    print("nothing lost: every result is that of an attempt that was never killed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
