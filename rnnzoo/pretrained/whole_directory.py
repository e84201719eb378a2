"""A directory that is written whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_directory(target: Path) -> Iterator[Path]:
    """Within: a directory aside to write into; afterwards it is ``target``, in place of what stood there.

    Whoever looks sees the old directory or the new one. After an error nothing has changed.

    Raises:
        OSError: the place cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex[:8]
    aside = target.absolute().parent / f".{target.name}.new-{mark}"
    aside.mkdir()
    try:
        yield aside
        _put(aside, target, mark)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _put(aside: Path, target: Path, mark: str) -> None:
    """Move ``aside`` to ``target``; what stood there is removed once the new one is in its place."""
    if not target.exists():
        aside.rename(target)
        return
    before = target.absolute().parent / f".{target.name}.old-{mark}"
    target.rename(before)
    try:
        aside.rename(target)
    except OSError:
        before.rename(target)
        raise
    shutil.rmtree(before)
