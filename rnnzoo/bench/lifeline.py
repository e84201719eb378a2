"""How a process hears that it is to stop, or that the one which started it is gone: a pipe between them closes."""

from __future__ import annotations

import signal
import sys
import threading


def interrupt_this_process() -> None:
    """Do to the main thread what Ctrl-C does, even while it waits for another process."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def watch_input() -> None:
    """From now on the end of this process's input interrupts it."""

    def watch() -> None:
        sys.stdin.read()
        interrupt_this_process()

    threading.Thread(target=watch, daemon=True).start()
