"""A Lightning checkpoint, read without running any code that it might carry."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rnnzoo.pretrained._errors import PretrainedError
from rnnzoo.pretrained.config import Config
from rnnzoo.registry import TASKS


def read_checkpoint(path: Path, *, trust_pickle: bool = False) -> tuple[Config, dict[str, Tensor]]:
    """The configuration and the tensors in the ``.ckpt`` that a ``Trainer`` wrote.

    ``trust_pickle`` unpickles whatever is in the file, and that can run any code: only for files of your own.

    Raises:
        PretrainedError: damaged, not Lightning's, not of a registered task, or it needs pickle and wasn't trusted.
    """
    content = _content(path, trust_pickle)
    lacking = [key for key in ("state_dict", "hyper_parameters") if key not in content]
    if lacking:
        raise PretrainedError(
            f"{path} has no {' and no '.join(lacking)} (it has {', '.join(map(str, content)) or 'nothing'}); expected "
            "a checkpoint that a Lightning Trainer wrote of an rnnzoo task."
        )
    arguments = {key: value for key, value in content["hyper_parameters"].items() if not key.startswith("_")}
    if not isinstance(arguments.get("spec"), dict):
        raise PretrainedError(
            f"{path} keeps no `spec` among its hyper-parameters ({', '.join(arguments) or 'none'}), so it is not of "
            "an rnnzoo task; expected a checkpoint that a Trainer wrote of one."
        )
    task = content.get("task") or _task_that_takes(arguments, path)
    spec = dict(arguments.pop("spec"))
    return Config(task, arguments, spec, content.get("codec")), content["state_dict"]


def _content(path: Path, trust_pickle: bool) -> dict[Any, Any]:
    if not path.is_file():
        raise PretrainedError(f"there is no file {path}; expected a checkpoint (.ckpt) that a Lightning Trainer wrote.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=not trust_pickle)
    except pickle.UnpicklingError as error:
        if trust_pickle:
            raise PretrainedError(f"{path} is damaged ({error}); take another copy.") from error
        reason = str(error).splitlines()[0]
        raise PretrainedError(
            f"{path} holds more than tensors and primitives, or is no checkpoint ({reason}). Unpickling it can run "
            "any code: if it is your own, pass trust_pickle=True; `rnnzoo.save_pretrained` writes one that needs none."
        ) from error
    except (RuntimeError, EOFError) as error:
        raise PretrainedError(f"{path} is damaged ({str(error).splitlines()[0]}); take another copy.") from error
    if not isinstance(content, dict):
        raise PretrainedError(f"{path} holds a {type(content).__name__}; expected a Lightning checkpoint.")
    return content


def _task_that_takes(arguments: dict[str, Any], path: Path) -> str:
    """The one registered task whose constructor takes exactly these arguments (older checkpoints don't name theirs)."""
    fitting = [
        entry.name for entry in TASKS.entries() if arguments.keys() <= inspect.signature(entry.target).parameters.keys()
    ]
    if len(fitting) != 1:
        raise PretrainedError(
            f"{path} does not name its task, and its hyper-parameters ({', '.join(arguments)}) fit "
            f"{' and '.join(fitting) or 'no registered task'}; save it again with this rnnzoo."
        )
    return fitting[0]
