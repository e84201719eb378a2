"""Kills what is at work with SIGKILL, at random moments, and looks whether anything was lost.

    python benchmarks/stress --times 50 [--kinds training,rows] [--processes 2] [--seed 0]

After each kill nothing half-written may be there to be read, and the next attempt has to go on. Behind three kills one
attempt is left alone to the end: its result has to be that of one that was never killed, to the last bit. Exit status
1 where it was not.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from kills import KINDS, share_out, stress


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
