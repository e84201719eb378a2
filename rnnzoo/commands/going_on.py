"""The command that goes on with what was interrupted."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

RUN_FOLDER = "RNNZOO_RUN_FOLDER"  # where the first process of a training tells the others its folder


def going_on(arguments: Sequence[str]) -> str:
    """The command line, ``rnnzoo ...``: the same one, but that a training gets its checkpoint and its folder."""
    kept, folder = list(arguments), os.environ.get(RUN_FOLDER, "")
    checkpoint = Path(folder) / "last.ckpt"
    if arguments[:1] == ["fit"] and folder and checkpoint.is_file():
        for option in ("--ckpt_path", "--run-dir"):
            kept = _without(kept, option)
        kept += ["--ckpt_path", str(checkpoint), "--run-dir", folder]
    return f"rnnzoo {shlex.join(kept)}"


def _without(arguments: list[str], option: str) -> list[str]:
    """``arguments`` without ``option`` and its value, in either form."""
    kept = [part for part in arguments if not part.startswith(f"{option}=")]
    if option in kept:
        place = kept.index(option)
        del kept[place : place + 2]
    return kept
