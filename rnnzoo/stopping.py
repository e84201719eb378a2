"""Ctrl-C, and the signal that a cluster sends before it ends a job: noted, and obeyed behind the next step."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTE = b"\nstopping behind this step; the same signal again stops at once.\n"
ECHO = 1.0  # seconds in which a second signal is taken for the first, come another way


class Stopped(KeyboardInterrupt):
    """A signal ended the work; ``status`` is the exit status that says so (130, 143)."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.status = 128 + number


class StopSignals:
    """Notes the first signal in ``received``; a later one ends the work where it stands.

    Nothing is put back: Lightning's Trainer leaves the handlers that it found.
    """

    def __init__(self) -> None:
        self.received = 0
        self._since = 0.0

    def install(self) -> None:
        """Handle the signals from here on; only a process's main thread can."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received and time.monotonic() - self._since > ECHO:
            raise Stopped(number)
        if not self.received and os.environ.get("LOCAL_RANK", "0") == "0":
            os.write(2, NOTE)  # a print could meet itself half done
        if not self.received:
            self.received, self._since = number, time.monotonic()


@contextmanager
def terminable() -> Iterator[None]:
    """Inside: SIGTERM raises ``Stopped``, as Ctrl-C raises KeyboardInterrupt."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def stop_status(error: BaseException) -> int | None:
    """The exit status of what a signal ended; None where it was something else.

    Lightning turns a KeyboardInterrupt into a SystemExit of its own.
    """
    cause = error.__context__ if isinstance(error, SystemExit) else error
    return int(getattr(cause, "status", 128 + signal.SIGINT)) if isinstance(cause, KeyboardInterrupt) else None
