"""A worker process of `bench run --jobs K`: ``python -m rnnzoo.bench.job``, started by ``rnnzoo.bench.job_process``.

It reads what all runs have in common, then a run a line, and prints a JSON object for everything that becomes of them.
The end of its input means: save the run that is being made, and end.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from rnnzoo.bench.lifeline import interrupt_this_process

EVERY = 0.25
"""Seconds between two reports of a run's share."""


def main() -> None:
    """Make runs until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is not an answer

    def tell(kind: str, **more: Any) -> None:
        answers.write(json.dumps({"kind": kind, **more}) + "\n")
        answers.flush()

    requests: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    making_one = threading.Event()
    threading.Thread(target=_read, args=(sys.stdin, requests, making_one), daemon=True).start()
    try:
        common = requests.get()
        if common is not None:
            _serve(common, requests, making_one, tell)
    except (KeyboardInterrupt, SystemExit):  # Lightning answers an interrupt with the latter; the run has been saved
        pass
    except BrokenPipeError:  # nobody listens any more
        pass


def _serve(
    common: dict[str, Any],
    requests: queue.SimpleQueue[dict[str, Any] | None],
    making_one: threading.Event,
    tell: Callable[..., None],
) -> None:
    from rnnzoo.bench import training  # noqa: F401 - loads torch and Lightning, once for all runs
    from rnnzoo.bench.attempt import Making, make_run
    from rnnzoo.bench.errors import TableError
    from rnnzoo.bench.runs import Run
    from rnnzoo.bench.scale import Scale
    from rnnzoo.registry.files import import_file

    making = Making(Path(common["results"]), Scale(**common["scale"]), common["wandb"], common["keep"])
    tell("ready")
    while (request := requests.get()) is not None:
        making_one.set()
        run = Run.from_json(request["run"])
        for file in run.imports:
            import_file(file)
        try:
            settled = make_run(
                run, making, started=lambda: tell("started"), progress=_throttled(tell), patience=request["patience"]
            )
        except (TableError, OSError) as error:
            tell("error", text=str(error), note="TableError" if isinstance(error, TableError) else "OSError")
        else:
            tell(settled.kind, text=settled.why)
        making_one.clear()


def _read(stream: IO[str], requests: queue.SimpleQueue[dict[str, Any] | None], making_one: threading.Event) -> None:
    for line in stream:
        requests.put(json.loads(line))
    requests.put(None)
    if making_one.is_set():
        interrupt_this_process()


def _throttled(tell: Callable[..., None]) -> Callable[[float], None]:
    last = [0.0]

    def report(share: float) -> None:
        now = time.monotonic()
        if now - last[0] >= EVERY:
            last[0] = now
            tell("share", share=share)

    return report


if __name__ == "__main__":
    main()
