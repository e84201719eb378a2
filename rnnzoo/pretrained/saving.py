"""Write a task as a model directory: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.card import CARD, model_card
from rnnzoo.pretrained.config import CONFIG, describe, encode, read_config
from rnnzoo.pretrained.tensors import WEIGHTS, write_tensors
from rnnzoo.pretrained.whole_directory import whole_directory

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
    refuse_foreign(target)
    config = describe(task)
    with whole_directory(target) as aside:
        config = replace(config, weights=write_tensors(task.state_dict(), aside / WEIGHTS, half=half, once=True))
        (aside / CONFIG).write_text(encode(config), encoding="utf-8")
        (aside / CARD).write_text(model_card(config, target.name, notes or {}), encoding="utf-8")
    return target


def refuse_foreign(target: Path) -> None:
    """Stop unless a model can be written to ``target``: there is nothing, nothing in it, or a model of ours.

    Raises:
        PretrainedError: it is a file, or a directory of something else or of a newer version.
    """
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
            f"{target} holds {', '.join(foreign[:3])}{', ...' if len(foreign) > 3 else ''}; give a new or empty "
            "directory, or that of a saved model: it is replaced as a whole."
        )
    read_config(target)  # raises where it is not a model of ours, or of a newer version
