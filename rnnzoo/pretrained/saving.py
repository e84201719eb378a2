"""Write a task as a model directory: all of it, or nothing."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.card import CARD, model_card
from rnnzoo.pretrained.config import CONFIG, describe, encode, read_config
from rnnzoo.pretrained.tensors import WEIGHTS, write_tensors

if TYPE_CHECKING:
    from lightning import LightningModule

FILES = (CONFIG, WEIGHTS, CARD)
"""What a model directory consists of."""


def save_pretrained(
    task: LightningModule, directory: str | Path, *, half: bool = False, notes: Mapping[str, Any] | None = None
) -> Path:
    """Write ``task`` into ``directory``: ``config.json``, ``model.safetensors`` and a model card, ``README.md``.

    The files are written into a directory aside, which is then renamed: whoever looks sees the old model or the new
    one, whole. A model directory of rnnzoo is replaced; anything else that is not empty is left alone.

    Args:
        task: a registered task whose constructor's arguments are primitives.
        directory: where; parents are made.
        half: floating-point tensors are written as float16 (loading gives float32 back).
        notes: what else the card says: ``description``, ``data``, ``licence``, ``measured`` (metric -> value), ``row``.

    Returns:
        The directory.

    Raises:
        PretrainedError: the task cannot be written as primitives, or ``directory`` holds something else.
    """
    target = Path(directory)
    _refuse_foreign(target)
    config = describe(task)
    target.parent.mkdir(parents=True, exist_ok=True)
    mark = uuid.uuid4().hex[:8]
    aside = target.absolute().parent / f".{target.name}.new-{mark}"
    aside.mkdir()
    try:
        config = replace(config, weights=write_tensors(task.state_dict(), aside / WEIGHTS, half=half))
        (aside / CONFIG).write_text(encode(config), encoding="utf-8")
        (aside / CARD).write_text(model_card(config, target.name, notes or {}), encoding="utf-8")
        _put(aside, target, mark)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def _refuse_foreign(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise PretrainedError(f"{target} is a file; expected a directory (new, empty, or a saved model's).")
    present = {path.name for path in target.iterdir()}
    if not present:
        return
    foreign = sorted(present - set(FILES))
    if foreign:
        raise PretrainedError(
            f"{target} holds {', '.join(foreign[:3])}{', ...' if len(foreign) > 3 else ''} and would be replaced as a "
            "whole; give a new or empty directory, or that of a saved model."
        )
    read_config(target)  # raises where it is not a model of ours, or of a newer version


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
