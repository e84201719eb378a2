"""The name that all attempts of one training have in Weights & Biases, kept beside its checkpoints."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

FILE = "wandb-run-id"
LONGEST = 100  # characters; Weights & Biases takes 128


def run_id(folder: Path, name: str) -> str:
    """The id of the training in ``folder``: the one it began with, else a new one that begins with ``name``."""
    path = folder / FILE
    if path.is_file() and (kept := path.read_text(encoding="utf-8").strip()):
        return kept
    made = f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name)[:LONGEST]}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{FILE}.{os.getpid()}")
    aside.write_text(made, encoding="utf-8")
    os.replace(aside, path)
    return made


def forget_run_id(folder: Path) -> None:
    """The training is finished: another in this folder is another run."""
    (folder / FILE).unlink(missing_ok=True)
