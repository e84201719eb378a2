"""One attempt at a piece of work in a process group of its own, which can be killed."""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from victims import Victim

LATEST = 1.05  # times what an attempt takes: the latest moment of a kill


class Failed(RuntimeError):
    """An attempt that was left alone did not end well."""


class Attempt:
    """``victim.work(folder)`` in a forked process, which need not import everything again.

    Args:
        widened: make the moments that are to be hit longer.
    """

    def __init__(self, victim: Victim, folder: Path, *, widened: bool) -> None:
        self.victim, self.log = victim, folder.with_name(f"{folder.name}.log")
        sys.stdout.flush()
        self._told, tell = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            self._work(folder, tell, widened)
        os.close(tell)

    def _work(self, folder: Path, tell: int, widened: bool) -> None:
        status = 1
        try:
            os.setsid()
            log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            self.victim.prepare(tell, widened)
            self.victim.work(folder)
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def kill(self, chance: random.Random, window: float, limit: float) -> bool:
        """Kill the whole group within ``window`` seconds of its word; whether it was still at work.

        Raises:
            Failed: it said nothing for ``limit`` seconds.
        """
        if not select.select([self._told], [], [], limit)[0]:
            os.killpg(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
            raise Failed(f"an attempt had not begun after {limit:.0f} s, see {self.log}")
        begun = bool(os.read(self._told, 1))  # else it had nothing to do any more
        os.close(self._told)
        if begun:
            time.sleep(chance.uniform(0, LATEST * window))
        if os.waitpid(self.process, os.WNOHANG if begun else 0)[0]:
            return False
        os.killpg(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        return True

    def finish(self, limit: float) -> float:
        """Leave it alone to its end; the seconds from its first word to its last, or to the end.

        Raises:
            Failed: it did not end, or not well.
        """
        deadline, words = time.monotonic() + limit, []
        while True:
            if select.select([self._told], [], [], 0.005)[0]:
                if os.read(self._told, 1):
                    words.append(time.monotonic())
                else:
                    time.sleep(0.005)  # it has nothing more to say
            ended, status = os.waitpid(self.process, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > deadline:
                os.killpg(self.process, signal.SIGKILL)
                os.waitpid(self.process, 0)
                raise Failed(f"an attempt was not through after {limit:.0f} s, see {self.log}")
        os.close(self._told)
        if status:
            raise Failed(f"an attempt ended with status {os.waitstatus_to_exitcode(status)}, see {self.log}")
        words.append(time.monotonic())
        return (words[-2] if len(words) > 2 else words[-1]) - words[0]
