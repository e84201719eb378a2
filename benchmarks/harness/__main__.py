"""What the harness costs: ``python benchmarks/harness [--parts A,B] [--quick] [--write]``.

- ``overhead``: seconds that a run takes before its first step and behind its last one, above those of plain Lightning
- ``queued``: the share of two cores' time that is training, while runs of a minute are queued with ``--jobs 2``
- ``ddp``: samples a second of two processes of one thread over those of one process of two, the same global batch
- ``resume``: seconds from the command to the first new step, above those of a run from its beginning
- ``many``: a table of 10,000 runs: its expansion, its rows, its report

Each trains in fresh processes, and what is compared takes turns. With ``--write`` the rows are appended to
``benchmarks/results/harness/<part>.jsonl``; docs/scale.md is rendered from them. The machine is to be quiet: half an
hour, most of it ``queued``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "speed"))  # its rows say of the machine what these do

from _finding import Finding, shown
from _rows import append
from ddp import ddp
from many import many
from overhead import overhead
from queued import queued
from resume import resume

RESULTS = Path(__file__).resolve().parent.parent / "results" / "harness"
PARTS = {"overhead": overhead, "queued": queued, "ddp": ddp, "resume": resume, "many": many}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS), help="some of them, separated by commas")
    parser.add_argument("--rounds", type=int, help="how often each is measured (5, quick 1)")
    parser.add_argument("--runs", type=int, default=6, help="runs that are queued")
    parser.add_argument("--seconds", type=float, help="of each queued run (60, quick 3)")
    parser.add_argument("--quick", action="store_true", help="the smallest that still runs; its numbers say nothing")
    parser.add_argument("--write", action="store_true", help=f"append rows under {RESULTS}")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.seconds = options.seconds or (3.0 if options.quick else 60.0)
    parts = options.parts.split(",")
    if not set(parts) <= set(PARTS):
        parser.error(f"--parts {options.parts}: expected some of {', '.join(PARTS)}")
    found: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="rnnzoo-harness-") as folder:
        for part in parts:
            print(f"{part} ...", flush=True)
            of_part = PARTS[part](options, Path(folder) / part)
            for finding in of_part:
                print(shown(finding), flush=True)
            if options.write and not options.quick:
                append(RESULTS / f"{part}.jsonl", [{"name": part, **vars(finding)} for finding in of_part])
            found += of_part
    missed = [finding for finding in found if finding.holds is False]
    print(f"\n{len(found)} numbers, {len(missed)} of them miss their aim" + (" (quick)" if options.quick else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
