"""Arrays that are slow to prepare, kept on disk under a key of everything they depend on."""

from __future__ import annotations

import hashlib
import inspect
import json
import logging
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from rnnzoo.data._files import cache_directory, locked

log = logging.getLogger(__name__)

Arrays = dict[str, np.ndarray]


def cached(name: str, key: Mapping[str, Any], build: Callable[[], Arrays]) -> Arrays:
    """The arrays that ``build`` makes, from disk if they were made before under the same ``key``.

    One process builds while the others wait; a file appears whole or not at all; a damaged one is built again.

    Args:
        name: the folder within the cache.
        key: primitives, everything that the arrays depend on (sources, settings, code).
        build: makes the arrays (none of objects).
    """
    text = json.dumps(key, sort_keys=True)
    path = cache_directory() / name / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"
    arrays = _read(path, text)
    if arrays is None:
        with locked(path):
            arrays = _read(path, text)  # another process may have been quicker
            if arrays is None:
                arrays = build()
                _write(path, text, arrays)
    return arrays


def pack_strings(strings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Strings as UTF-8 bytes (uint8) and the end of each (int64)."""
    encoded = [string.encode() for string in strings]
    ends = np.cumsum([len(part) for part in encoded], dtype=np.int64)
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), ends


def unpack_strings(content: np.ndarray, ends: np.ndarray) -> list[str]:
    """What ``pack_strings`` packed."""
    joined = content.tobytes()
    begins = [0, *ends.tolist()]
    return [joined[begin:end].decode() for begin, end in zip(begins, ends.tolist(), strict=False)]


def stamp(path: Path) -> list[Any]:
    """Name, size and time of a file, or of everything in a folder: what changes when the source does."""
    if path.is_dir():
        entries = sorted(file for file in path.rglob("*") if file.is_file())
        digest = hashlib.sha256()
        for file in entries:
            status = file.stat()
            digest.update(f"{file.relative_to(path)} {status.st_size} {status.st_mtime_ns}\n".encode())
        return [path.name, len(entries), digest.hexdigest()]
    status = path.stat()
    return [path.name, status.st_size, status.st_mtime_ns]


def path_and_stamp(path: Path) -> list[Any]:
    """Where a user's file is, and its stamp; ``None`` for that of none."""
    return [str(path.absolute()), stamp(path) if path.exists() else None]


def code_version(*modules: ModuleType | Callable[..., Any]) -> str:
    """A digest of the source of modules and functions, so that cached data does not outlive the code that made it."""
    digest = hashlib.sha256()
    for module in modules:
        try:
            digest.update(inspect.getsource(module).encode())
        except (OSError, TypeError):  # compiled or typed at a prompt: its name must do
            digest.update(repr(getattr(module, "__qualname__", module)).encode())
    return digest.hexdigest()[:16]


def _read(path: Path, text: str) -> Arrays | None:
    """The arrays of ``path``, or ``None`` where there are none that can be used."""
    if not path.exists():
        return None
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if arrays.pop("key").tobytes().decode() == text:
            return arrays
        reason = "it was made for other settings"
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError) as error:
        reason = str(error)
    log.warning("the cached data %s cannot be used (%s); making it again.", path, reason)
    return None


def _write(path: Path, text: str, arrays: Arrays) -> None:
    """Write aside, then rename; nobody else writes it, so what lies aside was left by a killed process."""
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise TypeError(f"{', '.join(objects)} hold Python objects; the cache keeps numbers (strings: pack_strings).")
    aside = path.with_suffix(".part")
    try:
        with open(aside, "wb") as file:
            np.savez(file, key=np.frombuffer(text.encode(), dtype=np.uint8), **arrays)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
