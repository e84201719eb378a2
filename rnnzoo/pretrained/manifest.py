"""The models that ship with the package: ``manifest.json`` and ``weights/<name>/``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.config import FORMAT, check_format
from rnnzoo.pretrained.tensors import sha256
from rnnzoo.registry import unknown

FOLDER = Path(__file__).parent
MANIFEST = FOLDER / "manifest.json"
WEIGHTS_FOLDER = FOLDER / "weights"
LARGEST = 3_000_000  # bytes that one model may add to the package


@dataclass(frozen=True)
class ManifestEntry:
    """A shipped model and where its numbers come from; everything is measured on the files as they ship."""

    name: str
    description: str
    data: str
    data_version: str
    licence: str  # of the data, and what that means for the weights
    files: dict[str, dict[str, Any]]  # file name -> sha256, bytes
    rows: list[dict[str, Any]]  # the result rows of the run it comes from, shortened: table, spec, label, seed, ...
    measured: dict[str, float]  # such as test/accuracy, after half precision and trimming
    configuration: dict[str, Any]  # the task and its arguments
    vocabulary: int | None = None  # words kept, special tokens included
    half: bool = False
    source: dict[str, Any] = field(default_factory=dict)  # checkpoint_sha256, rnnzoo_version

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(int(file["bytes"]) for file in self.files.values())


def manifest(path: Path = MANIFEST) -> dict[str, ManifestEntry]:
    """The entries of a manifest by name.

    Raises:
        PretrainedError: missing, damaged or of a newer format.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        check_format(content["format"], FORMAT, str(path))
        return {name: ManifestEntry(name=name, **fields) for name, fields in sorted(content["models"].items())}
    except (OSError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise PretrainedError(f"{path} cannot be read ({error!r}); install rnnzoo again.") from error


def list_pretrained(pattern: str = "*") -> list[str]:
    """Names of the shipped models that match a shell pattern, sorted."""
    return [name for name in manifest() if fnmatchcase(name, pattern)]


def pretrained_entry(name: str) -> ManifestEntry:
    """What the manifest says about the model ``name``.

    Raises:
        UnknownName: with near misses.
    """
    entries = manifest()
    if name not in entries:
        raise unknown("pretrained model", name, entries, see="rnnzoo list pretrained")
    return entries[name]


def checked_directory(name: str, folder: Path = WEIGHTS_FOLDER) -> Path:
    """The directory of a shipped model, once each of its files is what the manifest says.

    Raises:
        UnknownName: no such model.
        PretrainedError: a file is missing or was changed.
    """
    entry = pretrained_entry(name)
    directory = folder / name
    for file, facts in entry.files.items():
        path = directory / file
        given = sha256(path) if path.is_file() else "no file there"
        if given != facts["sha256"]:
            raise PretrainedError(f"{path} has the SHA-256 {given}, expected {facts['sha256']}; install rnnzoo again.")
    return directory


def write_entry(entry: ManifestEntry, path: Path = MANIFEST) -> None:
    """Put ``entry`` into a manifest, in place of one of the same name; written aside, then renamed."""
    entries = manifest(path) | {entry.name: entry}
    models = {}
    for name in sorted(entries):
        fields = asdict(entries[name])
        del fields["name"]
        models[name] = fields
    aside = path.with_name(path.name + ".new")
    aside.write_text(json.dumps({"format": FORMAT, "models": models}, indent=2, ensure_ascii=False) + "\n", "utf-8")
    os.replace(aside, path)
