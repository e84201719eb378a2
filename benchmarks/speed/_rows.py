"""The rows of speed measurements: what each says of the machine and the code, and which are already there.

One file a part, ``<folder>/<part>.jsonl``, one line a comparison, appended as soon as it is measured.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import rnnzoo
from rnnzoo.bench.environment import commit, package_folder, processor

RESULTS = Path(__file__).resolve().parent.parent / "results" / "speed"
PEERS = ("torchrecurrent", "minGRU-pytorch", "fla-core", "pytorch-crf")
IDENTITY = ("name", "settings", "candidate", "baseline", "clock", "threads", "cpu", "device", "allocator", "code")
"""What two rows share that measured the same: all but when, with which commit, and what came."""


def append(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to a file, each with `surroundings`; a row's own fields win."""
    about = surroundings() | {"finished_at": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({**about, **row}) + "\n")


def surroundings() -> dict[str, Any]:
    """Versions, threads, processor, allocator and code of this process."""
    made_of, dirty = commit()
    return {
        "versions": versions(),
        "threads": torch.get_num_threads(),
        "cpu": processor(),
        "cores": os.cpu_count(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "allocator": allocator(),
        "commit": made_of,
        "code": code(),
        "dirty": dirty,
    }


@functools.cache
def versions() -> dict[str, str]:
    """The versions of Python, of rnnzoo, of torch, and of each peer that is installed."""
    found = {"python": platform.python_version(), "rnnzoo": rnnzoo.__version__}
    for package in ("torch", *PEERS):
        if installed(package):
            found[package] = metadata.version(package)
    return found


def installed(package: str) -> bool:
    """Whether a distribution of this name is there."""
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def allocator() -> str:
    """What the environment tells the C library's allocator, else "default"."""
    told = {key: value for key, value in os.environ.items() if key.startswith("MALLOC_") or key == "LD_PRELOAD"}
    return " ".join(f"{key}={value}" for key, value in sorted(told.items())) or "default"


@functools.cache
def code() -> str:
    """The hash of the package's files as committed, which a commit of rows or words does not change."""
    if not commit()[0]:
        return ""
    command = ["git", "-C", str(package_folder().parent), "rev-parse", "HEAD:rnnzoo"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def identity(row: Mapping[str, Any]) -> str:
    """The same for rows that measured the same code and work on the same machine with the same settings."""
    return json.dumps([row.get(key) for key in IDENTITY], sort_keys=True)


def measured_here(path: Path) -> set[str]:
    """The `identity` of every row of a file; none where code was measured that no commit has."""
    if not path.exists() or surroundings()["dirty"]:
        return set()
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {identity(row) for row in rows if not row.get("dirty", True)}
