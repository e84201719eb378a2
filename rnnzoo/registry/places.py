"""Where a class comes from: its file, and whether that is the package's own or a user's."""

from __future__ import annotations

import hashlib
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

PACKAGE = "rnnzoo"


def source_file(target: type) -> Path | None:
    """The file a class was defined in; None for one typed into an interpreter or a notebook."""
    given = getattr(sys.modules.get(target.__module__), "__file__", None)
    return Path(given).resolve() if given else None


def place_of(target: type) -> str:
    """A class and its file in words, the same each time the file is run."""
    return f"class {target.__qualname__} in {source_file(target) or target.__module__}"


def is_own(target: type) -> bool:
    """Whether a class is one of the package's."""
    return target.__module__.partition(".")[0] == PACKAGE


def origin(target: type) -> dict[str, str]:
    """What a record of a user's class needs to name its code: file, sha256, distribution and version, where known.

    Empty for the package's own classes: their code is the package's version and commit.
    """
    if is_own(target):
        return {}
    found = {"class": f"{target.__module__}.{target.__qualname__}"}
    path = source_file(target)
    if path is not None and path.is_file():
        found |= {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    for name in packages_distributions().get(target.__module__.partition(".")[0], [])[:1]:
        try:
            found |= {"distribution": name, "version": version(name)}
        except PackageNotFoundError:  # uninstalled since it was listed: the file stands for it
            continue
    return found
