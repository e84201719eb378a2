"""Tables of results trained on a GPU, those worth most first, until the time is over; called again, it goes on.

    python benchmarks/gpu/tables.py --seconds N --results FOLDER --out FOLDER [--tiny] [--interpret]

Runs that have their row are not made again; one that is cut off is told to stop (SIGTERM), leaves a checkpoint under
FOLDER/.runs and goes on with the next call, so --results should be a folder that stays. The exit status is 1 where a
table failed, 0 where it did not, finished or not.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ENDING = 40.0
"""Seconds that a training gets to end behind its step, once it is told to."""
LEAST = 20.0
"""Seconds below which nothing more is begun: starting takes about as long."""


class Work(NamedTuple):
    """The entries of a table that one call of ``rnnzoo bench run`` makes: all of its own where none is named."""

    table: str
    layers: str = ""
    seeds: int = 1


WORK = (
    Work("imdb", "lstm-6.8,bilstm-6.4-attention"),
    Work("digit-sum", "slim-lstm-fair,lstm-fair"),
    Work("imdb", "bilstm"),
    Work("memory-span", "lstm,gru,peephole_lstm,mingru,minlstm,mamba"),
    Work("digit-sum", "peephole_lstm,gru,minlstm"),
    Work("memory-span", "all"),
    Work("digit-sum", "slim-lstm-fair,lstm-fair", 5),
    Work("smnist", "lstm,s4d"),
    Work("psmnist", "lstm,s4d"),
    Work("smnist", "gru,lem,cornn,indrnn,unicornn,mingru,lru,s5"),
    Work("psmnist", "gru,lem,cornn,indrnn,unicornn,mingru,lru,s5"),
    Work("wikitext-2"),
    Work("multi30k-deen"),
    Work("shakespeare"),
    Work("tatoeba-cmn-eng"),
    Work("ett-all", "segrnn,segrnn-96,dlinear,dlinear-96"),
    Work("ett-all", seeds=3),
)
TINY = (Work("memory-span", "lstm"), Work("memory-span", "mingru"))


def command(work: Work, results: Path, out: Path, tiny: bool, precision: str | None) -> list[str]:
    """What makes the missing rows of this work."""
    made = [sys.executable, "-m", "rnnzoo.cli", "bench", "run", work.table]
    made += ["--layers", work.layers] if work.layers else []
    made += ["--seeds", str(work.seeds), "--results", str(results), "--out", str(out)]
    made += ["--quick"] if tiny else []
    return made + (["--precision", precision] if precision else [])


def run(arguments: list[str], seconds: float) -> int | None:
    """The exit status of a command; None where it was cut off after so many seconds."""
    process = subprocess.Popen(arguments, start_new_session=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(ENDING)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, required=True, help="the time there is, with the ending of a run")
    parser.add_argument("--results", type=Path, required=True, help="folder of the rows, the same in every call")
    parser.add_argument("--out", type=Path, required=True, help="folder of the reports")
    parser.add_argument("--tiny", action="store_true", help="a small version of two layers")
    parser.add_argument("--interpret", action="store_true", help="on the CPU, in full precision")
    given = parser.parse_args()
    end, failed = time.monotonic() + given.seconds - ENDING, 0
    precision = None if given.interpret else "bf16-mixed"
    for number, work in enumerate(TINY if given.tiny else WORK):
        left = end - time.monotonic()
        if left < LEAST:
            print(f"the time is over: {len(TINY if given.tiny else WORK) - number} pieces are left for the next call")
            break
        print(f"{work.table}: {work.layers or 'all of it'}, {work.seeds} seeds; {left:.0f} s left", flush=True)
        code = run(command(work, given.results, given.out, given.tiny, precision), left)
        told = {0: "there", None: "cut off; the next call goes on"}
        print(f"{work.table}: {told.get(code, f'failed ({code})')}", flush=True)
        failed += code not in (0, None)
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
