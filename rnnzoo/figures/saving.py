"""A picture as a file, which is whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

from matplotlib.figure import Figure

FORMATS = (".png", ".pdf", ".svg")


def check_format(path: Path) -> None:
    """Refuse a file name that does not end as a picture's.

    Raises:
        ValueError: it does not.
    """
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path} ends with {path.suffix or 'no suffix'!r}; expected {', '.join(FORMATS)}.")


def save_figure(figure: Figure, path: Path) -> Path:
    """Write ``figure`` to ``path`` in the format its name ends with: aside first, then renamed.

    Raises:
        ValueError: the name ends with none of ``FORMATS``.
        OSError: it cannot be written; nothing is left behind.
    """
    check_format(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected the name of a file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        figure.savefig(aside, format=path.suffix.lower()[1:])
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return path
