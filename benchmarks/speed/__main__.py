"""The one harness of rnnzoo's speed: ``python benchmarks/speed --help``.

Candidates take turns in one process; a ratio is the median over rounds. With ``--write`` each measurement's rows are
appended to ``benchmarks/results/speed/<part>.jsonl`` as soon as it is made, so that an interrupted run loses nothing;
``--resume`` leaves out what already has rows of this code, machine and settings. docs/speed.md is rendered from them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch
from _console import Console
from _interleaved import finding
from _measurement import Elsewhere, Measurement
from _options import Options, read
from _rows import append, identity, measured_here, surroundings
from parts import PARTS

from rnnzoo.bench.interleaved import threads
from rnnzoo.registry import UnknownName


def main() -> int:
    """Measure what was asked for; 1 where a measurement failed, 2 where there is no such part, cell or shape."""
    try:
        options = read()
    except UnknownName as error:
        print(f"benchmarks/speed: {error}", file=sys.stderr)
        return 2
    torch.manual_seed(0)
    plans = {name: PARTS[name].plan(options) for name in options.parts}
    console = Console({name: plan.steps for name, plan in plans.items()})
    failed = 0
    for name, plan in plans.items():
        console.part(name, PARTS[name].description, plan.left_out)
        done = measured_here(options.results / f"{name}.jsonl") if options.resume else set()
        for step in plan.steps:
            with console.timing(step):
                try:
                    if isinstance(step, Elsewhere):
                        elsewhere(step, options)
                    else:
                        measure(step, options, done, console)
                except Exception as error:  # the others are measured all the same
                    failed += 1
                    console.failed(step, error)
        console.end_of_part(name)
    if options.write:
        print(f"\nrows: {options.results}")
    if failed:
        print(f"benchmarks/speed: {failed} measurements failed; see above", file=sys.stderr)
    return int(failed > 0)


def measure(step: Measurement, options: Options, done: set[str], console: Console) -> None:
    """Make a measurement, show it and keep its rows; comparisons that are done are left out."""
    with threads(step.threads):
        about = surroundings()
        wanted = [c for c in step.comparisons if identity({**about, **named(step, c)}) not in done]
        if not wanted:
            console.skipped(step)
            return
        measured = step.measure({label for c in wanted for label in (c.candidate, c.baseline)})
        rows = [
            {**named(step, c), **finding(measured, c.candidate, c.baseline, step.quantity), "quick": options.quick}
            for c in wanted
        ]
        if options.write:
            append(options.results / f"{step.part}.jsonl", rows)
    console.rows(rows)


def named(step: Measurement, comparison: tuple) -> dict:
    """What tells a comparison's row from others, before anything is measured."""
    settings, candidate, baseline = comparison
    return {
        "name": step.part, "settings": dict(settings), "candidate": candidate, "baseline": baseline,
        "clock": step.clock,
    }  # fmt: skip


def elsewhere(step: Elsewhere, options: Options) -> None:
    """Run a part in a process with another environment."""
    command = [sys.executable, str(Path(__file__).parent), "--parts", step.part, *repeated(options)]
    subprocess.run(command, env={**os.environ, **step.environment}, check=True)


def repeated(options: Options) -> list[str]:
    """The options as they are written on a command line, but for the parts."""
    given: list[str] = ["--threads", str(options.threads), "--clock", options.clock]
    given += ["--shapes", ",".join(options.shapes), "--results", str(options.results)]
    given += ["--cells", ",".join(options.cells)] if options.cells else []
    for name in ("rounds", "seconds"):
        value = getattr(options, name)
        given += [f"--{name}", str(value)] if value is not None else []
    return given + [f"--{name}" for name in ("write", "resume", "quick") if getattr(options, name)]


if __name__ == "__main__":
    sys.exit(main())
