"""Work in processes of an environment of their own, in each call's own fresh process or in one that stays.

A helper imports all packages and computes nothing; for a fresh call it forks, so that the fresh process costs a few
hundredths of a second and not the seconds of the imports, and no thread of OpenMP or autograd is lost by the fork.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import importlib.util
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

PACKAGES = ("parts", "torchrecurrent", "minGRU_pytorch")


class Helper:
    """A process that calls functions of this folder's modules, until this process ends.

    Args:
        fresh: each call in a process forked for it; else all in one, which keeps what it has.
        environment: variables besides this process's.
    """

    def __init__(self, *, fresh: bool, environment: Mapping[str, str]) -> None:
        command = [sys.executable, __file__, "fresh" if fresh else "staying"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **environment}
        )

    def call(self, function: Callable[..., Any], *given: Any) -> Any:
        """What the function gives for these arguments there.

        Raises:
            RuntimeError: it failed there, or its process was killed; the message says how.
        """
        pickle.dump((function.__module__, function.__name__, given), self._process.stdin)
        self._process.stdin.flush()
        try:
            well, result = pickle.load(self._process.stdout)
        except EOFError:
            well, result = False, "the helper process ended"
        if not well:
            raise RuntimeError(f"{function.__name__}{given}: {result}")
        return result

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@functools.cache
def helper(*, fresh: bool, **environment: str) -> Helper:
    """The `Helper` of this kind and environment, started when it is first asked for."""
    made = Helper(fresh=fresh, environment=environment)
    atexit.register(made.close)
    return made


def _run(module: str, name: str, given: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, getattr(importlib.import_module(module), name)(*given)
    except Exception as error:
        return False, f"{type(error).__name__}: {error}"


def _run_fresh(module: str, name: str, given: tuple[Any, ...]) -> tuple[bool, Any]:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        with os.fdopen(writer, "wb") as answers:
            pickle.dump(_run(module, name, given), answers)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        told = answers.read()
    _, status = os.waitpid(child, 0)
    if told:
        return pickle.loads(told)
    ended = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"status {status}"
    return False, f"its process ended by {ended}; has the machine enough memory?"


def _serve(fresh: bool) -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is not an answer
    for package in PACKAGES:
        if importlib.util.find_spec(package):
            importlib.import_module(package)
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump((_run_fresh if fresh else _run)(*request), answers)
        answers.flush()


if __name__ == "__main__":
    _serve(sys.argv[1] == "fresh")
