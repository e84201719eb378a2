"""Users' own files on the way to another machine: those that were imported, with the files beside them they import."""

from __future__ import annotations

import functools
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnnzoo.registry.files import import_file

INSTALLED = ("site-packages", "dist-packages")


def packed(files: Sequence[str]) -> dict[str, dict[str, str]]:
    """For each file: its text and those of the modules under its folder that this process has imported.

    Returns:
        path -> path below the file's folder -> text.
    """
    found: dict[str, dict[str, str]] = {}
    for file in map(Path, files):
        texts = {file.name: file.read_text(encoding="utf-8")}
        for module in list(sys.modules.values()):
            path = Path(getattr(module, "__file__", None) or "")
            if path.suffix == ".py" and path.is_relative_to(file.parent) and not set(INSTALLED) & set(path.parts):
                texts[path.relative_to(file.parent).as_posix()] = path.read_text(encoding="utf-8")
        found[str(file)] = texts
    return found


def import_packed(files: Mapping[str, Mapping[str, str]]) -> None:
    """Import the files: where they stand, if they read there as they were packed; else a copy."""
    for path, texts in files.items():
        folder = Path(path).parent
        if not all(_reads(folder / name, text) for name, text in texts.items()):
            folder = _copied(json.dumps(texts))
        import_file(folder / Path(path).name)


def _reads(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


@functools.cache
def _copied(texts: str) -> Path:
    """A folder of this process's own with the files in it."""
    folder = Path(tempfile.mkdtemp(prefix="rnnzoo-imports-"))
    for name, text in json.loads(texts).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
