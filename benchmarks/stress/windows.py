"""Makes short moments long, in the process that is to be killed, and tells when they begin."""

from __future__ import annotations

import builtins
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PIECES = 8
PAUSE = 0.01  # seconds behind each piece of a file, and before and behind its renaming


class Teller:
    """Says once, through a pipe, that the moment has come; and, where it knows, that it has passed."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._done = False

    def __call__(self) -> None:
        if not self._done:
            self._done = True
            os.write(self._pipe, b"!")

    def passed(self) -> None:
        """Say so; of several times the last one counts."""
        os.write(self._pipe, b".")


class SlowFile:
    """A file that is written in pieces, each of which reaches the disk before the next."""

    def __init__(self, file: Any, tell: Callable[[], None]) -> None:
        self._file, self._tell = file, tell

    def write(self, content: Any) -> int:
        """Write ``content`` with pauses."""
        self._tell()
        step = max(1, -(-len(content) // PIECES))
        for start in range(0, len(content), step):
            self._file.write(content[start : start + step])
            self._file.flush()
            time.sleep(PAUSE)
        return len(content)

    def __enter__(self) -> SlowFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def widen_writes(tell: Callable[[], None], ending: str) -> None:
    """From now on every file that becomes one of ``ending`` is written, and renamed, slowly."""
    opened, moves = builtins.open, {"replace": os.replace, "rename": os.rename}

    def ours(path: Any) -> bool:
        name = Path(path).name if isinstance(path, (str, os.PathLike)) else ""
        return name.endswith(".part") and ending in name

    def slow_open(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        found = opened(file, mode, *arguments, **options)
        return SlowFile(found, tell) if "w" in mode and ours(file) else found

    def slowly(move: Callable[..., None]) -> Callable[..., None]:
        def moved(source: Any, target: Any, **options: Any) -> None:
            if not ours(source):
                return move(source, target, **options)
            time.sleep(PAUSE)
            move(source, target, **options)
            time.sleep(PAUSE)
            return None

        return moved

    builtins.open = io.open = slow_open  # type: ignore[assignment]
    for name, move in moves.items():
        setattr(os, name, slowly(move))
