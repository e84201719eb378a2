"""A worker process of this machine, seen from the process that hands it runs."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from typing import IO, cast

from rnnzoo.bench.attempt import Making
from rnnzoo.bench.execution import ALONE
from rnnzoo.bench.runs import Run
from rnnzoo.bench.scheduling import News
from rnnzoo.stopping import NOTE

SAID_HERE = NOTE.decode().strip()
"""What a training says of a signal, which here is the parent's, not the user's."""
LAST_WORDS = 3
"""Seconds that are waited for what an ended worker still had to say."""
PATIENCE = 60.0
"""Seconds for which a run's lock is waited for when its worker died, whose own processes may end a little later."""


class JobProcess:
    """``python -m rnnzoo.bench.job``: runs go in by a pipe, a line each, and what becomes of them comes out by another.

    The worker is in a group of its own, so that Ctrl-C reaches this process alone, which closes the pipe: to the worker
    that is the order to save and end. The pipe closes, too, if this process is killed.

    Args:
        number: what it is called, from 1.
        environment: variables besides this process's.
        told: where its news go, with itself; the last is ``ended``.
    """

    def __init__(
        self,
        number: int,
        environment: Mapping[str, str],
        making: Making,
        told: queue.SimpleQueue[tuple[JobProcess, News]],
    ) -> None:
        self.number = number
        self.run: Run | None = None
        self._ready = self._stopping = False
        self._told = told
        self._errors: deque[str] = deque(maxlen=20)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rnnzoo.bench.job"], env={**os.environ, **environment, **ALONE},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            text=True, encoding="utf-8",
        )  # fmt: skip
        self._input = cast(IO[str], self._process.stdin)  # it is a pipe
        self._send({
            "results": str(making.results), "scale": making.scale.to_dict(), "wandb": making.wandb, "keep": making.keep,
        })  # fmt: skip
        self._listener = threading.Thread(target=self._listen, args=(cast(IO[str], self._process.stderr),), daemon=True)
        self._listener.start()
        self._reader = threading.Thread(target=self._read, args=(cast(IO[str], self._process.stdout),), daemon=True)
        self._reader.start()

    def make(self, run: Run, again: bool) -> None:
        """Have it make a run."""
        self.run = run
        self._send({"run": run.to_json(), "patience": PATIENCE if again else 0.0})

    def stop(self) -> None:
        """Have it save the run that it is at, and end."""
        self._stopping = True
        with contextlib.suppress(OSError):  # it ended before; that is told by `ended`
            self._input.close()

    def close(self) -> None:
        """End it: at once where it has a run, else when it hears of it."""
        self.stop()
        if self.run is not None:
            self._process.kill()
        self._reader.join()

    def ended(self, how: str) -> list[News]:
        """What its end means for the run that it had."""
        run, self.run = self.run, None
        stopping = self._stopping
        self.stop()  # closes the pipe
        if run is None:
            return []
        if stopping:
            return [News("stopped", run)]
        if not self._ready:
            last = self._errors[-1] if self._errors else "it said nothing"
            return [News("error", run, f"a worker process did not start: it {how}; {last}", note="WorkerError")]
        last = f": {self._errors[-1]}" if self._errors and "exit code" in how else ""
        return [News("died", run, f"job {self.number} {how}{last}")]

    def _send(self, message: Mapping[str, object]) -> None:
        with contextlib.suppress(OSError):  # it ended; that is told by `ended`
            self._input.write(json.dumps(message) + "\n")
            self._input.flush()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                message = json.loads(line)
                if message["kind"] == "ready":
                    self._ready = True
                    continue
                if message["kind"] == "started":
                    message["text"] = f"job {self.number}"
                self._told.put((self, News(run=self.run, **message)))
        code = self._process.wait()
        self._listener.join(timeout=LAST_WORDS)
        self._told.put((self, News("ended", text=_spoken(code))))

    def _listen(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                if line.strip() and line.strip() != SAID_HERE:
                    self._errors.append(line.rstrip())
                    self._told.put((self, News("said", text=line.rstrip())))


def _spoken(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name
    return f"was killed ({name}{', as the system does when memory runs out' if name == 'SIGKILL' else ''})"
