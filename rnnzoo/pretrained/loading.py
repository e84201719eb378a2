"""From a name, a directory, a checkpoint or a Hugging Face id to a task that predicts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.checkpoint import read_checkpoint
from rnnzoo.pretrained.config import Config, read_config
from rnnzoo.pretrained.hub import download
from rnnzoo.pretrained.manifest import checked_directory, list_pretrained
from rnnzoo.pretrained.tensors import WEIGHTS, fill, read_tensors
from rnnzoo.registry import TASKS, unknown

if TYPE_CHECKING:
    from lightning import LightningModule

HUB_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")  # organisation/name


def load_pretrained(
    name_or_path: str | Path, *, map_location: str | torch.device = "cpu", trust_pickle: bool = False
) -> LightningModule:
    """A finished model, ready to predict: a task in eval mode, in float32.

    Args:
        name_or_path: looked up in this order: the name of a shipped model (``rnnzoo list pretrained``); a directory
            with ``config.json`` and ``model.safetensors``; a ``.ckpt`` of a Lightning Trainer; a Hugging Face id,
            "organisation/name" (``HF_ENDPOINT`` and the usual token are honoured).
        map_location: the device it goes to.
        trust_pickle: unpickle a ``.ckpt`` that cannot be read without; that can run any code, so only for your own.

    Returns:
        The task; ``.predict(["a wonderful film"])`` gives a list of ``Prediction(label, probability, probabilities)``.

    Raises:
        UnknownName: no such shipped model, with near misses.
        PretrainedError: damaged, foreign, of a newer format, or out of reach; the message says which and what to do.
    """
    config, tensors, where = _read(name_or_path, trust_pickle)
    return build(config, tensors, where).to(map_location)


from_pretrained = load_pretrained
"""The name under which Hugging Face's users look for ``load_pretrained``."""


def build(config: Config, tensors: Mapping[str, Tensor], where: str) -> LightningModule:
    """The task that ``config`` describes with ``tensors`` in it, in eval mode; the global random state is left alone.

    Raises:
        UnknownName: the task, or a layer of it, is not registered.
        PretrainedError: the arguments or the tensors do not fit.
    """
    target = TASKS.entry(config.task).target
    with torch.random.fork_rng(devices=[]):
        try:
            task = target(config.spec, **config.arguments)
        except (TypeError, ValueError) as error:
            written = f" (written by rnnzoo {config.rnnzoo_version})" if config.rnnzoo_version else ""
            raise PretrainedError(
                f"{where}{written} does not build a {config.task}: {error}; it may need another version of rnnzoo."
            ) from error
    fill(task, tensors, where)
    task.codec = config.codec
    return task.eval()


def _read(name_or_path: str | Path, trust_pickle: bool) -> tuple[Config, Mapping[str, Tensor], str]:
    given = str(name_or_path)
    path = Path(name_or_path)
    if given in list_pretrained():
        directory = checked_directory(given)
    elif path.suffix == ".ckpt":
        return (*read_checkpoint(path, trust_pickle=trust_pickle), given)
    elif path.is_dir():
        directory = path
    elif path.exists():
        raise PretrainedError(f"{given} is a file; expected a .ckpt of Lightning, or a directory with config.json.")
    elif isinstance(name_or_path, str) and HUB_ID.fullmatch(given):
        directory = download(given)
    elif isinstance(name_or_path, str) and "/" not in given and "\\" not in given:
        raise unknown("pretrained model", given, list_pretrained(), see="rnnzoo list pretrained")
    else:
        raise PretrainedError(f"there is no {given}; expected a directory with config.json, or a .ckpt of Lightning.")
    config = read_config(directory)
    return config, read_tensors(directory / WEIGHTS, config.weights), given
